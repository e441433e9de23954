package io.callstream.definition;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.internal.notation.DurationNotation;
import io.callstream.statistic.Baseline;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import io.callstream.statistic.Windows;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Builds the statistics of a definition file. */
final class StatisticDefinitions {
  /** How the key of a statistic starts. */
  static final String START = "statistic.";

  private static final String BY = "by";
  private static final String WINDOW = "window";
  private static final String LATENESS = "lateness";
  private static final String MEASURES = "measures";
  private static final String EMIT = "emit";
  private static final String MAX_GROUPS = "max-groups";
  private static final String WHERE = "where.";
  private static final String WHERE_NOT = "where-not.";
  private static final String BASELINE = "baseline";
  private static final String WEEKS = BASELINE + "-weeks";
  private static final String HOLIDAYS = BASELINE + "-holidays";
  private static final String MIN_HISTORY = BASELINE + "-min-history";
  private static final String MIN_COUNT = BASELINE + "-min-count";
  private static final String FALSE_ALARMS = BASELINE + "-false-alarm-rate";
  private static final List<String> OF_BASELINE =
      List.of(WEEKS, HOLIDAYS, MIN_HISTORY, MIN_COUNT, FALSE_ALARMS);
  private static final List<String> PROPERTIES =
      Stream.concat(
              Stream.of(BY, WINDOW, LATENESS, MEASURES, EMIT, MAX_GROUPS, BASELINE),
              OF_BASELINE.stream())
          .toList();

  private static final String HOUR_OF_DAY = "hour_of_day";
  private static final String DAY_OF_WEEK = "day_of_week";

  /** The dimensions that are not fields. */
  static final Set<String> BUILT_IN = Set.of(HOUR_OF_DAY, DAY_OF_WEEK);

  static final Set<Field.Type> GROUPED =
      Set.of(Field.Type.TEXT, Field.Type.NUMBER, Field.Type.DECIMAL, Field.Type.FLAG);

  private static final String SESSION = "session ";
  private static final Pattern EVERY = Pattern.compile("(\\S+)\\s+every\\s+(\\S+)");

  private final Entries entries;
  private final CallFormat format;
  private final Duration lateness;
  private final FieldNames fields;

  StatisticDefinitions(Entries entries, CallFormat format, Duration lateness) {
    this.entries = entries;
    this.format = format;
    this.lateness = lateness;
    fields = new FieldNames(format, new LookupDefinitions(entries).fields().values());
  }

  /** Returns whether a key describes a statistic. */
  static boolean isKey(String key) {
    return key.startsWith(START);
  }

  List<Statistic> all() {
    Set<String> names = new LinkedHashSet<>();
    entries.keys().stream()
        .filter(StatisticDefinitions::isKey)
        .forEach(key -> names.add(name(key)));
    return names.stream().map(this::statistic).toList();
  }

  /** Returns the name of the statistic in a key, after checking the rest of the key. */
  private String name(String key) {
    String[] parts = key.substring(START.length()).split("\\.", 2);
    String property = parts.length < 2 ? "" : parts[1];
    boolean isWhere = property.startsWith(WHERE) || property.startsWith(WHERE_NOT);
    if (!PROPERTIES.contains(property) && !isWhere) {
      List<String> similar =
          PROPERTIES.stream().map(known -> START + parts[0] + "." + known).toList();
      throw entries.wrong(
          key,
          "there is no such key.%s After the name of a statistic, write %s, %sFIELD or %sFIELD."
              .formatted(
                  Entries.hint(key, similar), String.join(", ", PROPERTIES), WHERE, WHERE_NOT));
    }
    return parts[0];
  }

  private Statistic statistic(String name) {
    String start = START + name + ".";
    String first =
        entries.keys().stream().filter(key -> key.startsWith(start)).findFirst().orElse(start);
    Statistic.Builder statistic = entries.at(first, () -> Statistic.named(name));
    if (entries.has(start + BY)) {
      statistic.by(dimensions(start + BY));
    }
    if (entries.has(start + WINDOW)) {
      statistic.over(window(start + WINDOW, start + LATENESS));
    } else if (entries.has(start + LATENESS)) {
      throw entries.wrong(
          start + LATENESS,
          "'%s' is without effect, because the statistic has no window. Add a line '%swindow = 1h', or delete this one."
              .formatted(entries.value(start + LATENESS), start));
    }
    if (entries.has(start + MEASURES)) {
      statistic.measuring(new MeasureDefinitions(entries, fields).measures(start + MEASURES));
    }
    FieldFilter filter = filter(start);
    if (!filter.conditions().isEmpty()) {
      statistic.where(filter.fields(), filter);
    }
    if (entries.has(start + MAX_GROUPS)) {
      String key = start + MAX_GROUPS;
      entries.at(key, () -> statistic.maxGroups(wholeNumber(key)));
    }
    if (entries.has(start + BASELINE)) {
      statistic.comparedWith(baseline(start));
    } else {
      for (String property : OF_BASELINE) {
        if (entries.has(start + property)) {
          throw entries.wrong(
              start + property,
              "'%s' is without effect, because the statistic has no baseline. Add a line '%sbaseline = weekly', or delete this one."
                  .formatted(entries.value(start + property), start));
        }
      }
    }
    if (entries.has(start + EMIT)) {
      statistic.emitting(emission(start + EMIT));
    }
    return entries.at(first, statistic::build);
  }

  private Dimension[] dimensions(String key) {
    return entries.list(key).stream().map(name -> dimension(key, name)).toArray(Dimension[]::new);
  }

  private Dimension dimension(String key, String name) {
    if (!fields.has(name) && name.equals(HOUR_OF_DAY)) {
      return Dimensions.hourOfDay(format.zone());
    }
    if (!fields.has(name) && name.equals(DAY_OF_WEEK)) {
      return Dimensions.dayOfWeek(format.zone());
    }
    Field<?> field = entries.at(key, () -> fields.named(name, HOUR_OF_DAY, DAY_OF_WEEK));
    if (!GROUPED.contains(field.type())) {
      throw entries.wrong(
          key,
          "the field '%s' is a %s, and a statistic groups by text, whole and decimal numbers and flags. Use %s, %s or a window for times."
              .formatted(name, FieldNames.words(field.type()), HOUR_OF_DAY, DAY_OF_WEEK));
    }
    return field.type() == Field.Type.NUMBER
        ? Dimension.ofNumber(name, whole(field))
        : Dimension.of(name, Set.of(field), call -> text(call, field));
  }

  @SuppressWarnings("unchecked") // The type of a field states the class.
  private static Field<Long> whole(Field<?> field) {
    return (Field<Long>) field;
  }

  /** Returns the text of a value, or the empty text if there is none. */
  static String text(Call call, Field<?> field) {
    Object value = call.get(field);
    return value == null
        ? ""
        : value instanceof BigDecimal number ? number.toPlainString() : value.toString();
  }

  private Window window(String key, String latenessKey) {
    String text = entries.value(key);
    Duration allowed =
        entries.has(latenessKey)
            ? entries.at(latenessKey, () -> DurationNotation.parse(entries.value(latenessKey)))
            : lateness;
    Windows windows = windows(key, text);
    return entries.at(
        entries.has(latenessKey) ? latenessKey : key, () -> windows.allowingLateness(allowed));
  }

  private Windows windows(String key, String text) {
    Matcher every = EVERY.matcher(text);
    return switch (text) {
      case "hourly" -> Windows.hourly(format.zone());
      case "daily" -> Windows.daily(format.zone());
      case "weekly" -> Windows.weekly(format.zone());
      case "monthly" -> Windows.monthly(format.zone());
      default ->
          every.matches()
              ? checked(
                  key, Windows.sliding(length(key, every.group(1)), length(key, every.group(2))))
              : text.startsWith(SESSION)
                  ? checked(
                      key, Windows.session(length(key, text.substring(SESSION.length()).strip())))
                  : checked(key, Windows.tumbling(length(key, text)));
    };
  }

  /** Checks the length of windows, whose mistakes are not those of the lateness. */
  private Windows checked(String key, Windows windows) {
    Window ignored = entries.at(key, windows::withoutLateness);
    return windows;
  }

  private Duration length(String key, String text) {
    try {
      return DurationNotation.parse(text);
    } catch (IllegalArgumentException e) {
      throw entries.wrong(
          key,
          "'%s' is not a window. Write a length such as 1h, a length and a slide such as '1h every 15m', a gap such as 'session 30m', hourly, daily, weekly or monthly."
              .formatted(text));
    }
  }

  private FieldFilter filter(String start) {
    List<FieldFilter.Condition> conditions = new ArrayList<>();
    for (String key : entries.keys()) {
      boolean isNot = key.startsWith(start + WHERE_NOT);
      if (isNot || key.startsWith(start + WHERE)) {
        String name = key.substring(start.length() + (isNot ? WHERE_NOT : WHERE).length());
        Field<?> field = entries.at(key, () -> fields.named(name));
        entries.at(
            key,
            () -> {
              FieldFilter.requireComparable(field);
              return field;
            });
        conditions.add(
            new FieldFilter.Condition(field, !isNot, FieldFilter.values(entries, key, field)));
      }
    }
    return new FieldFilter(conditions);
  }

  private Baseline baseline(String start) {
    String text = entries.value(start + BASELINE);
    if (!text.equals("weekly")) {
      throw entries.wrong(
          start + BASELINE, "'%s' is not a baseline. Write weekly.".formatted(text));
    }
    Baseline baseline = Baseline.weekly(format.zone());
    baseline = with(baseline, start + WEEKS, (b, key) -> b.remembering(wholeNumber(key)));
    baseline = with(baseline, start + HOLIDAYS, (b, key) -> b.holidays(dates(key)));
    baseline = with(baseline, start + MIN_HISTORY, (b, key) -> b.needing(wholeNumber(key)));
    baseline = with(baseline, start + MIN_COUNT, (b, key) -> b.atLeast(wholeNumber(key)));
    return with(baseline, start + FALSE_ALARMS, (b, key) -> b.falseAlarmRate(fraction(key)));
  }

  /** Returns a baseline with the value of a key, if the file has the key. */
  private Baseline with(
      Baseline baseline, String key, BiFunction<Baseline, String, Baseline> change) {
    return entries.has(key) ? entries.at(key, () -> change.apply(baseline, key)) : baseline;
  }

  private List<LocalDate> dates(String key) {
    List<LocalDate> dates = new ArrayList<>();
    for (String text : entries.list(key)) {
      try {
        dates.add(LocalDate.parse(text));
      } catch (DateTimeParseException e) {
        throw entries.wrong(
            key, "'%s' is not a date. Write dates such as 2018-07-04.".formatted(text));
      }
    }
    return dates;
  }

  private double fraction(String key) {
    String text = entries.value(key);
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw entries.wrong(key, "'%s' is not a number. Write one such as 0.00001.".formatted(text));
    }
  }

  private int wholeNumber(String key) {
    String text = entries.value(key);
    if (!text.matches("[0-9]{1,9}")) {
      throw entries.wrong(key, "'%s' is not a number. Write one such as 50.".formatted(text));
    }
    return Integer.parseInt(text);
  }

  private Emission emission(String key) {
    String text = entries.value(key);
    return switch (text) {
      case "update" -> Emission.ON_UPDATE;
      case "close" -> Emission.ON_CLOSE;
      default ->
          throw entries.wrong(
              key, "'%s' is not update or close. Write one of them.".formatted(text));
    };
  }
}
