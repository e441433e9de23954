package io.callstream.statistic;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Position;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The most frequent values of a field. The state has the number of calls of each value, until there
 * are too many values. Whether there are too many depends only on the set of all values, so it does
 * not depend on the order of calls and merges.
 */
record TopMeasure(String name, int n, Field<?> field) implements Measure.Aggregate {
  static final String TOO_MANY = "\"more than 10,000 values, or 1 MiB of values\"";

  private static final int MAX_N = 100;
  private static final int MAX_VALUES = 10_000;
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_CHARACTERS = 1_000;

  /** The state of a group with too many values. Other states start with their number of values. */
  private static final long TOO_MANY_MARK = MAX_VALUES + 1L;

  TopMeasure {
    Dimension.requireName(name);
    Objects.requireNonNull(field, "field");
    if (n < 1 || n > MAX_N) {
      throw new IllegalArgumentException(
          "The number of values of the measure '%s' is %s; it must be from 1 to %s"
              .formatted(name, n, MAX_N));
    }
  }

  @Override
  public String toString() {
    return name + " top " + n + " of " + NumberFields.description(field);
  }

  @Override
  public Set<Field<?>> fields() {
    return Set.of(field);
  }

  @Override
  public ValueType valueType() {
    return ValueType.TEXT;
  }

  @Override
  public Accumulator empty() {
    return new TopAccumulator();
  }

  @Override
  public Accumulator read(byte[] state) {
    TopAccumulator values = new TopAccumulator();
    StateReader in = new StateReader(state);
    long size = in.number();
    if (size == TOO_MANY_MARK) {
      values.setTooMany();
      return values;
    }
    while (in.hasMore()) {
      String value = new String(in.bytes((int) in.number()), UTF_8);
      values.add(value, in.number());
    }
    return values;
  }

  /** Returns the value of a call, which must be present. */
  private String text(Call call) {
    Object value = Objects.requireNonNull(call.get(field));
    if (value instanceof String text) {
      return shortened(text);
    }
    if (value instanceof BigDecimal number) {
      return number.toPlainString();
    }
    if (value instanceof Double number) {
      return exact(number);
    }
    if (value instanceof Position position) {
      return exact(position.latitude()) + "," + exact(position.longitude());
    }
    return value.toString();
  }

  /**
   * Returns a number as a text that is the same in every version of Java. -0.0 and 0.0 are the same
   * value.
   */
  private static String exact(double number) {
    return Double.toHexString(number + 0.0);
  }

  private static int compareExact(String a, String b) {
    return Double.compare(Double.parseDouble(a), Double.parseDouble(b));
  }

  private static String latitude(String position) {
    return position.substring(0, position.indexOf(','));
  }

  private static String longitude(String position) {
    return position.substring(position.indexOf(',') + 1);
  }

  private static String readable(String exact) {
    return Double.toString(Double.parseDouble(exact));
  }

  /** Returns the text that its bytes encode. UTF-8 cannot represent unpaired surrogates. */
  private static String shortened(String text) {
    String start = text;
    if (text.length() > MAX_CHARACTERS) {
      boolean splits =
          Character.isHighSurrogate(text.charAt(MAX_CHARACTERS - 1))
              && Character.isLowSurrogate(text.charAt(MAX_CHARACTERS));
      start = text.substring(0, splits ? MAX_CHARACTERS - 1 : MAX_CHARACTERS);
    }
    for (int i = 0; i < start.length(); i++) {
      if (Character.isSurrogate(start.charAt(i))) {
        return new String(start.getBytes(UTF_8), UTF_8);
      }
    }
    return start;
  }

  private int compare(String a, String b) {
    return switch (field.type()) {
      case NUMBER, DECIMAL -> new BigDecimal(a).compareTo(new BigDecimal(b));
      case REAL -> compareExact(a, b);
      case POSITION -> {
        int order = compareExact(latitude(a), latitude(b));
        yield order != 0 ? order : compareExact(longitude(a), longitude(b));
      }
      case TEXT, FLAG, TIME -> Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8));
    };
  }

  private String json(String value) {
    return switch (field.type()) {
      case NUMBER, DECIMAL, FLAG -> value;
      case REAL -> readable(value);
      case POSITION -> '"' + readable(latitude(value)) + "," + readable(longitude(value)) + '"';
      case TEXT, TIME ->
          '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(value)) + '"';
    };
  }

  private static int bytes(String value) {
    return value.getBytes(UTF_8).length;
  }

  private static final class Count {
    private long calls;
  }

  private final class TopAccumulator implements Accumulator {
    private final Map<String, Count> counts = new HashMap<>();
    private int bytes;
    private boolean tooMany;

    @Override
    public void add(Call call) {
      if (!tooMany && call.isPresent(field)) {
        add(text(call), 1);
      }
    }

    void add(String value, long calls) {
      Count count = counts.get(value);
      if (count == null) {
        count = new Count();
        counts.put(value, count);
        bytes += bytes(value);
      }
      count.calls += calls;
      if (counts.size() > MAX_VALUES || bytes > MAX_BYTES) {
        setTooMany();
      }
    }

    void setTooMany() {
      tooMany = true;
      counts.clear();
    }

    @Override
    public void merge(Accumulator other) {
      TopAccumulator that = (TopAccumulator) other;
      if (that.tooMany) {
        setTooMany();
      }
      for (Map.Entry<String, Count> count : that.counts.entrySet()) {
        if (tooMany) {
          return;
        }
        add(count.getKey(), count.getValue().calls);
      }
    }

    @Override
    public byte[] toBytes() {
      if (tooMany) {
        return new StateWriter().number(TOO_MANY_MARK).toBytes();
      }
      StateWriter out = new StateWriter().number(counts.size());
      new TreeMap<>(counts)
          .forEach(
              (value, count) -> {
                byte[] text = value.getBytes(UTF_8);
                out.number(text.length).bytes(text).number(count.calls);
              });
      return out.toBytes();
    }

    @Override
    public Optional<Object> value() {
      if (tooMany) {
        return Optional.of(TOO_MANY);
      }
      Comparator<Map.Entry<String, Count>> order =
          Comparator.comparingLong(count -> -count.getValue().calls);
      return counts.isEmpty()
          ? Optional.empty()
          : Optional.of(
              counts.entrySet().stream()
                  .sorted(order.thenComparing(Map.Entry::getKey, TopMeasure.this::compare))
                  .limit(n)
                  .map(count -> "[" + json(count.getKey()) + "," + count.getValue().calls + "]")
                  .collect(Collectors.joining(",", "[", "]")));
    }
  }
}
