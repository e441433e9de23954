package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.lookup.LookupTable;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A version of the table of a lookup, in the form in which tasks use it. Immutable. */
public final class JoinTable {
  private static final int MAX_SCALE = 100;
  private static final Logger LOG = LoggerFactory.getLogger(JoinTable.class);

  private final Join join;
  private final StoredTable stored;

  /** The rows by their keys. A row is a call that has only the fields of the lookup. */
  private final Map<String, Call> rows;

  private JoinTable(Join join, StoredTable stored, Map<String, Call> rows) {
    this.join = join;
    this.stored = stored;
    this.rows = rows;
  }

  /**
   * Returns a table of rows.
   *
   * @throws CallstreamException with {@link ErrorCode#LOOKUP_FAILED} if a row is not valid, or the
   *     table is too large
   */
  public static JoinTable of(Join join, Map<String, List<String>> texts) {
    if (texts.size() > LookupTable.MAX_ROWS) {
      throw failed(join, "%s rows; the limit is %s".formatted(texts.size(), LookupTable.MAX_ROWS));
    }
    byte[] bytes = bytes(texts);
    if (bytes.length > LookupTable.MAX_BYTES) {
      throw failed(
          join, "%s bytes; the limit is %s".formatted(bytes.length, LookupTable.MAX_BYTES));
    }
    StoredTable stored = new StoredTable(join.name(), 0, texts.size(), bytes);
    JoinTable table = new JoinTable(join, stored, parsed(join, texts));
    table.warnOfEmptyColumns();
    return table;
  }

  /** A misspelled column of a topic looks like one without values. */
  private void warnOfEmptyColumns() {
    for (int i = 0; i < join.fields().size() && !rows.isEmpty(); i++) {
      Field<?> field = join.fields().get(i);
      if (rows.values().stream().noneMatch(row -> row.isPresent(field))) {
        LOG.warn(
            "No row of the lookup '{}' has a value in the column '{}'; correct its name, or remove it",
            join.name(),
            join.columns().get(i));
      }
    }
  }

  /** Returns a table that {@link #stored} returned. */
  static JoinTable of(Join join, StoredTable stored) {
    return new JoinTable(join, stored, parsed(join, texts(stored)));
  }

  JoinTable withVersion(long version) {
    return new JoinTable(join, stored.withVersion(version), rows);
  }

  StoredTable stored() {
    return stored;
  }

  /** Returns the row of a call, or null if it has none. */
  @Nullable Call row(Call call) {
    return rows.get(call.text(join.key()));
  }

  private static Map<String, Call> parsed(Join join, Map<String, List<String>> texts) {
    Set<Field<?>> fields = Set.copyOf(join.fields());
    Map<String, Call> rows = new HashMap<>(texts.size() * 2);
    texts.forEach((key, values) -> rows.put(key, parsed(join, fields, key, values)));
    return rows;
  }

  private static Call parsed(Join join, Set<Field<?>> fields, String key, List<String> values) {
    if (key.isBlank()) {
      throw failed(join, "a row without a key");
    }
    if (values.size() != fields.size()) {
      throw failed(
          join,
          "%s values in the row of the key '%s', and %s fields"
              .formatted(values.size(), key, fields.size()));
    }
    Call.Builder row = Call.builder(Instant.EPOCH, fields);
    for (int i = 0; i < values.size(); i++) {
      String text = values.get(i);
      if (!text.isBlank()) {
        set(row, join, i, key, text);
      } else if (i == 0) {
        throw failed(
            join,
            "no value of the column '%s' in the row of the key '%s'"
                .formatted(join.columns().get(0), key));
      }
    }
    return row.build();
  }

  private static void set(Call.Builder row, Join join, int index, String key, String text) {
    Field<?> field = join.fields().get(index);
    Exception cause = null;
    try {
      Object value = value(field, text.strip(), text);
      if (value != null) {
        set(row, field, value);
        return;
      }
    } catch (IllegalArgumentException | ArithmeticException e) {
      cause = e;
    }
    CallstreamException failure =
        failed(
            join,
            "'%s' in the column '%s' of the key '%s', which is not a valid %s"
                .formatted(
                    text,
                    join.columns().get(index),
                    key,
                    field.type().name().toLowerCase(Locale.ROOT)));
    if (cause != null) {
      failure.initCause(cause);
    }
    throw failure;
  }

  private static <T> void set(Call.Builder row, Field<T> field, Object value) {
    row.with(field, field.cast(value));
  }

  /** Returns the value of a text, or null if it has none. */
  private static @Nullable Object value(Field<?> field, String text, String unchanged) {
    return switch (field.type()) {
      case TEXT -> unchanged;
      case NUMBER -> hasFewDigits(text) ? new BigDecimal(text).longValueExact() : null;
      case DECIMAL -> hasFewDigits(text) ? new BigDecimal(text) : null;
      case REAL -> Double.valueOf(text);
      case FLAG -> flag(text);
      case TIME, POSITION -> throw new AssertionError(field);
    };
  }

  /** Returns whether the digits of a number, with its exponent, take little memory. */
  private static boolean hasFewDigits(String text) {
    return Math.abs((long) new BigDecimal(text).scale()) <= MAX_SCALE;
  }

  private static @Nullable Boolean flag(String text) {
    boolean isTrue = text.equalsIgnoreCase("true") || text.equals("1");
    boolean isFalse = text.equalsIgnoreCase("false") || text.equals("0");
    return (isTrue || isFalse) ? Boolean.valueOf(isTrue) : null;
  }

  private static CallstreamException failed(Join join, String what) {
    return new CallstreamException(
        ErrorCode.LOOKUP_FAILED,
        "The table of the lookup '%s' has %s. Correct the table, and start again with the same checkpoint: nothing is lost."
            .formatted(join.name(), what));
  }

  // ---- bytes

  /** Returns rows as bytes, which are the same for equal rows. */
  private static byte[] bytes(Map<String, List<String>> texts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Map.Entry<String, List<String>> row : new TreeMap<>(texts).entrySet()) {
        write(row.getKey(), out);
        out.writeInt(row.getValue().size());
        for (String value : row.getValue()) {
          write(value, out);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void write(String text, DataOutputStream out) throws IOException {
    byte[] utf8 = text.getBytes(UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  private static Map<String, List<String>> texts(StoredTable stored) {
    Map<String, List<String>> texts = new HashMap<>(stored.rows() * 2);
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(stored.bytes()))) {
      for (int i = 0; i < stored.rows(); i++) {
        String key = read(in);
        List<String> values = new ArrayList<>();
        for (int j = in.readInt(); j > 0; j--) {
          values.add(read(in));
        }
        texts.put(key, values);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return texts;
  }

  private static String read(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), UTF_8);
  }
}
