package io.callstream.engine.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.engine.contract.TestRecord.Fact;
import io.callstream.statistic.CallDuration;
import io.callstream.statistic.CodeTable;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A statistic in two forms: for callstream, and in plain Java for the reference model.
 *
 * @param zone the zone of days, hours and calendar windows
 */
public record StatisticSpec(
    String name,
    Filter filter,
    List<Dim> dimensions,
    WindowKind window,
    ZoneId zone,
    Duration lateness,
    List<MeasureKind> measures,
    Emission emission,
    int maxGroups) {

  /** The codes with a description in tests. */
  public static final CodeTable CODES =
      new CodeTable("codes of tests", Map.of("HAN", "Handled", "ADV", "Advised", "22", "Cancel"));

  private static final BigInteger BEFORE_NUMBERS = BigInteger.TWO.pow(Long.SIZE).negate();

  private static final Set<Field<?>> CALL_TIME = Set.of(Fields.CALL_TIME);

  /** The filter of a statistic. */
  public enum Filter {
    /** All calls. */
    NONE,
    /** Calls whose type contains an a. */
    WITH_A,
    /** Calls in the first half of a minute, which depends only on the time. */
    FIRST_HALF_MINUTE,
    /** Calls with a row in the table of areas. */
    WITH_AREA;

    boolean accepts(Fact fact) {
      return switch (this) {
        case NONE -> true;
        case WITH_A -> fact.type().contains("a");
        case FIRST_HALF_MINUTE -> fact.time().atOffset(java.time.ZoneOffset.UTC).getSecond() < 30;
        case WITH_AREA -> !fact.area().isEmpty();
      };
    }
  }

  /** A dimension. */
  public enum Dim {
    /** The type. */
    TYPE(false),
    /** The disposition. */
    DISPOSITION(false),
    /** The disposition with a description. */
    DESCRIBED_DISPOSITION(false),
    /** The address. */
    ADDRESS(false),
    /** The area of the address, from a table that changes. */
    AREA(false),
    /** A custom text: the first letter of the type. */
    INITIAL(false),
    /** The local day of the week. */
    DAY_OF_WEEK(true),
    /** The local hour. */
    HOUR(true),
    /** A custom number, which may be negative. */
    SEVEN_MINUS_LENGTH(true),
    /** A field of whole numbers, which a call may not have. */
    UNITS(true);

    private final boolean number;

    Dim(boolean number) {
      this.number = number;
    }

    String of(Fact fact, ZoneId zone) {
      return switch (this) {
        case TYPE -> fact.type();
        case DISPOSITION, DESCRIBED_DISPOSITION -> fact.disposition();
        case ADDRESS -> fact.address();
        case AREA -> fact.area();
        case INITIAL -> new String(Character.toChars(fact.type().codePointAt(0)));
        case DAY_OF_WEEK -> "" + fact.time().atZone(zone).getDayOfWeek().getValue();
        case HOUR -> "" + fact.time().atZone(zone).getHour();
        case SEVEN_MINUS_LENGTH -> "" + (7 - fact.type().length());
        case UNITS -> Objects.toString(fact.numbers().units(), "");
      };
    }

    Dimension dimension(ZoneId zone) {
      return switch (this) {
        case TYPE -> Dimensions.CRIME_TYPE;
        case DISPOSITION -> Dimensions.DISPOSITION;
        case DESCRIBED_DISPOSITION ->
            Dimension.of("described", Fields.DISPOSITION).describedBy(CODES);
        case ADDRESS -> Dimensions.ADDRESS;
        case AREA -> Dimension.of("area", AreaTable.AREA);
        case INITIAL ->
            Dimension.of(
                "initial", call -> new String(Character.toChars(call.type().codePointAt(0))));
        case DAY_OF_WEEK -> Dimensions.dayOfWeek(zone);
        case HOUR -> Dimensions.hourOfDay(zone);
        case SEVEN_MINUS_LENGTH ->
            Dimension.ofNumber(
                "seven_minus_length", Set.of(Fields.TYPE), call -> 7 - call.type().length());
        case UNITS -> Dimension.ofNumber("units", KitCalls.UNITS);
      };
    }
  }

  /**
   * A kind of window. Sizes are chosen so that several windows fit into the time range of tests.
   */
  public enum WindowKind {
    /** No windows. */
    NONE(0, 0),
    /** Ten minutes. */
    TUMBLING_10_MIN(10, 10),
    /** An hour. */
    TUMBLING_HOUR(60, 60),
    /** Seven hours. */
    TUMBLING_7_HOURS(420, 420),
    /** An hour every ten minutes. */
    SLIDING_HOUR(60, 10),
    /** A day every eight hours. */
    SLIDING_DAY(1_440, 480),
    /** A calendar hour. */
    HOUR(0, 0),
    /** A calendar day. */
    DAY(0, 0),
    /** A calendar week. */
    WEEK(0, 0),
    /** A calendar month. */
    MONTH(0, 0),
    /** Sessions with a gap of ten minutes. */
    SESSION_10_MIN(10, 10),
    /** Sessions with a gap of four hours. */
    SESSION_4_HOURS(240, 240);

    private final Duration size;
    private final Duration slide;

    WindowKind(int sizeMinutes, int slideMinutes) {
      size = Duration.ofMinutes(sizeMinutes);
      slide = Duration.ofMinutes(slideMinutes);
    }

    boolean isSession() {
      return this == SESSION_10_MIN || this == SESSION_4_HOURS;
    }

    /** Returns the gap of sessions. */
    Duration gap() {
      return size;
    }

    int windowsPerCall() {
      return size.isZero() ? 1 : (int) size.dividedBy(slide);
    }

    /**
     * Returns the windows that contain a time, in ascending order of starts. Empty for NONE. For
     * sessions, this is the session of a call alone.
     */
    List<Span> spans(Instant time, ZoneId zone) {
      return switch (this) {
        case NONE -> List.of();
        case TUMBLING_10_MIN, TUMBLING_HOUR, TUMBLING_7_HOURS, SLIDING_HOUR, SLIDING_DAY ->
            multiples(time);
        case HOUR -> List.of(hour(time, zone));
        case DAY, WEEK, MONTH -> List.of(calendar(time, zone));
        case SESSION_10_MIN, SESSION_4_HOURS -> List.of(new Span(time, time.plus(size)));
      };
    }

    private List<Span> multiples(Instant time) {
      List<Span> spans = new ArrayList<>();
      long number = Math.floorDiv(time.toEpochMilli(), slide.toMillis());
      for (long i = number - 10; i <= number + 1; i++) {
        Instant start = Instant.EPOCH.plus(slide.multipliedBy(i));
        Instant end = start.plus(size);
        if (!time.isBefore(start) && time.isBefore(end)) {
          spans.add(new Span(start, end));
        }
      }
      return spans;
    }

    /** Walks from the time to the nearest minutes that show another hour or offset. */
    private static Span hour(Instant time, ZoneId zone) {
      Instant minute = time.truncatedTo(ChronoUnit.MINUTES);
      OffsetDateTime shown = localHour(time, zone);
      Instant start = minute;
      while (localHour(start.minusSeconds(60), zone).equals(shown)) {
        start = start.minusSeconds(60);
      }
      Instant end = minute.plusSeconds(60);
      while (localHour(end, zone).equals(shown)) {
        end = end.plusSeconds(60);
      }
      return new Span(start, end);
    }

    private static OffsetDateTime localHour(Instant time, ZoneId zone) {
      return time.atZone(zone).toOffsetDateTime().truncatedTo(ChronoUnit.HOURS);
    }

    private Span calendar(Instant time, ZoneId zone) {
      LocalDate date = time.atZone(zone).toLocalDate().minusDays(40);
      while (true) {
        LocalDate next = date.plusDays(1);
        while (!startsAt(next)) {
          next = next.plusDays(1);
        }
        Instant end = next.atStartOfDay(zone).toInstant();
        if (startsAt(date) && time.isBefore(end)) {
          return new Span(date.atStartOfDay(zone).toInstant(), end);
        }
        date = next;
      }
    }

    private boolean startsAt(LocalDate date) {
      return switch (this) {
        case DAY -> true;
        case WEEK -> date.getDayOfWeek() == DayOfWeek.MONDAY;
        case MONTH -> date.getDayOfMonth() == 1;
        case NONE,
            TUMBLING_10_MIN,
            TUMBLING_HOUR,
            TUMBLING_7_HOURS,
            SLIDING_HOUR,
            SLIDING_DAY,
            HOUR,
            SESSION_10_MIN,
            SESSION_4_HOURS ->
            throw new IllegalStateException(this + " is not a calendar window");
      };
    }

    private Windows windows(ZoneId zone) {
      return switch (this) {
        case NONE -> throw new IllegalStateException("no window");
        case TUMBLING_10_MIN, TUMBLING_HOUR, TUMBLING_7_HOURS -> Windows.tumbling(size);
        case SLIDING_HOUR, SLIDING_DAY -> Windows.sliding(size, slide);
        case HOUR -> Windows.hourly(zone);
        case DAY -> Windows.daily(zone);
        case WEEK -> Windows.weekly(zone);
        case MONTH -> Windows.monthly(zone);
        case SESSION_10_MIN, SESSION_4_HOURS -> Windows.session(size);
      };
    }
  }

  /** A window as two moments. */
  record Span(Instant start, Instant end) {}

  /** A measure. */
  public enum MeasureKind {
    /** The number of calls. */
    COUNT,
    /** The fraction of the window. */
    SHARE,
    /** The minimum duration. */
    MINIMUM,
    /** The maximum duration. */
    MAXIMUM,
    /** The mean duration. */
    MEAN,
    /** The sum of whole numbers. */
    UNITS_SUM,
    /** The median of whole numbers. */
    UNITS_MEDIAN,
    /** The sum of decimal numbers. */
    PRICE_SUM,
    /** The mean of decimal numbers. */
    PRICE_MEAN,
    /** The maximum of decimal numbers. */
    PRICE_MAXIMUM,
    /** The sum of real numbers. */
    SPEED_SUM,
    /** The minimum of real numbers. */
    SPEED_MINIMUM,
    /** The share of calls with a flag. */
    ON_VIEW_RATIO,
    /** The two most frequent positions. */
    TOP_LATITUDES;

    /** Returns whether a call can be removed from the measure. */
    boolean canRetract() {
      return switch (this) {
        case COUNT,
            SHARE,
            MEAN,
            UNITS_SUM,
            UNITS_MEDIAN,
            PRICE_SUM,
            PRICE_MEAN,
            SPEED_SUM,
            ON_VIEW_RATIO ->
            true;
        case MINIMUM, MAXIMUM, PRICE_MAXIMUM, SPEED_MINIMUM, TOP_LATITUDES -> false;
      };
    }

    private Measure measure() {
      return switch (this) {
        case COUNT -> Measures.count();
        case SHARE -> Measures.share();
        case MINIMUM -> Measures.minimum("minimum", CALL_TIME, duration());
        case MAXIMUM -> Measures.maximum("maximum", CALL_TIME, duration());
        case MEAN -> Measures.mean("mean", CALL_TIME, duration());
        case UNITS_SUM -> Measures.sum("units_sum", KitCalls.UNITS);
        case UNITS_MEDIAN -> Measures.quantile("units_median", 0.5, KitCalls.UNITS);
        case PRICE_SUM -> Measures.sum("price_sum", KitCalls.PRICE);
        case PRICE_MEAN -> Measures.mean("price_mean", KitCalls.PRICE);
        case PRICE_MAXIMUM -> Measures.maximum("price_maximum", KitCalls.PRICE);
        case SPEED_SUM -> Measures.sum("speed_sum", KitCalls.SPEED);
        case SPEED_MINIMUM -> Measures.minimum("speed_minimum", KitCalls.SPEED);
        case ON_VIEW_RATIO ->
            Measures.ratio(
                "on_view_ratio",
                Set.of(KitCalls.ON_VIEW),
                call -> Boolean.TRUE.equals(call.get(KitCalls.ON_VIEW)));
        case TOP_LATITUDES -> Measures.top("top_latitudes", 2, Fields.POSITION);
      };
    }

    private static CallDuration duration() {
      return call -> {
        String text = call.text(Fields.CALL_TIME);
        return text.isEmpty()
            ? Optional.empty()
            : Optional.of(Duration.ofMillis(Long.parseLong(text)));
      };
    }
  }

  /** Returns the statistic for callstream. */
  public Statistic statistic() {
    Statistic.Builder builder =
        Statistic.named(name)
            .by(dimensions.stream().map(d -> d.dimension(zone)).toArray(Dimension[]::new))
            .measuring(measures.stream().map(MeasureKind::measure).toArray(Measure[]::new))
            .emitting(emission)
            .maxGroups(maxGroups);
    switch (filter) {
      case NONE -> {}
      case WITH_A -> builder.where(call -> call.type().contains("a"));
      case FIRST_HALF_MINUTE ->
          builder.where(Set.of(), call -> Math.floorMod(call.epochMillis(), 60_000L) < 30_000);
      case WITH_AREA ->
          builder.where(Set.of(AreaTable.AREA), call -> call.isPresent(AreaTable.AREA));
    }
    if (window != WindowKind.NONE) {
      builder.over(window.windows(zone).allowingLateness(lateness));
    }
    return builder.build();
  }

  /**
   * Returns the fields of a call that the statistic reads, in addition to its event time, with
   * their values. Values may be null.
   */
  Map<String, Object> read(Fact fact) {
    Map<String, Object> all = values(fact);
    // These read every field.
    if (filter == Filter.WITH_A || dimensions.contains(Dim.INITIAL)) {
      return all;
    }
    Map<String, Object> read = new HashMap<>();
    Stream.concat(
            dimensions.stream().map(StatisticSpec::field),
            measures.stream().map(StatisticSpec::field))
        .filter(field -> !field.isEmpty())
        .forEach(field -> read.put(field, all.get(field)));
    if (filter == Filter.WITH_AREA) {
      read.put("area", fact.area());
    }
    return read;
  }

  /** Returns the values of all fields. */
  static Map<String, Object> values(Fact fact) {
    Map<String, Object> values = new HashMap<>();
    values.put("type", fact.type());
    values.put("disposition", fact.disposition());
    values.put("address", fact.address());
    values.put("area", fact.area());
    values.put("call_time", fact.callTime());
    values.put("units", fact.numbers().units());
    values.put("price", fact.numbers().price());
    values.put("speed", fact.numbers().speed());
    values.put("on_view", fact.numbers().onView());
    values.put("position", fact.numbers().latitude());
    values.put("city", ""); // The generator gives all versions of a call the same one.
    return values;
  }

  /** Returns the field that a dimension reads, or the empty text. */
  private static String field(Dim dim) {
    return switch (dim) {
      case TYPE, INITIAL, SEVEN_MINUS_LENGTH -> "type";
      case DISPOSITION, DESCRIBED_DISPOSITION -> "disposition";
      case ADDRESS -> "address";
      case AREA -> "area";
      case DAY_OF_WEEK, HOUR -> "";
      case UNITS -> "units";
    };
  }

  /** Returns the field that a measure reads, or the empty text. */
  private static String field(MeasureKind measure) {
    return switch (measure) {
      case COUNT, SHARE -> "";
      case MINIMUM, MAXIMUM, MEAN -> "call_time";
      case UNITS_SUM, UNITS_MEDIAN -> "units";
      case PRICE_SUM, PRICE_MEAN, PRICE_MAXIMUM -> "price";
      case SPEED_SUM, SPEED_MINIMUM -> "speed";
      case ON_VIEW_RATIO -> "on_view";
      case TOP_LATITUDES -> "position";
    };
  }

  /** Returns this statistic without what it reads of lookups. */
  StatisticSpec withoutLookups() {
    return new StatisticSpec(
        name,
        filter == Filter.WITH_AREA ? Filter.NONE : filter,
        dimensions.stream().filter(d -> d != Dim.AREA).toList(),
        window,
        zone,
        lateness,
        measures,
        emission,
        maxGroups);
  }

  List<String> key(Fact fact) {
    return dimensions.stream().map(d -> d.of(fact, zone)).toList();
  }

  /** Compares dimensions in the order of results: numbers by value, text by UTF-8 bytes. */
  int compareKeys(List<String> a, List<String> b) {
    for (int i = 0; i < dimensions.size(); i++) {
      int order =
          dimensions.get(i).number
              ? number(a.get(i)).compareTo(number(b.get(i)))
              : compareUtf8(a.get(i), b.get(i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  /**
   * Calls without a number come first. The design does not define the position of the group of
   * overflowed groups among numbers.
   */
  private static BigInteger number(String text) {
    return switch (text) {
      case "" -> BEFORE_NUMBERS;
      case "(other)" -> BEFORE_NUMBERS.negate();
      default -> new BigInteger(text);
    };
  }

  /** Compares keys in the order in which new groups are added: each dimension as text. */
  static int compareAdmission(List<String> a, List<String> b) {
    for (int i = 0; i < a.size(); i++) {
      int order = compareUtf8(a.get(i), b.get(i));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  static int compareUtf8(String a, String b) {
    return Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8));
  }
}
