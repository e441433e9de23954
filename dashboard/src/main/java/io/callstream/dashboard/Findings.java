package io.callstream.dashboard;

import static io.callstream.dashboard.Formats.number;
import static io.callstream.dashboard.Formats.text;

import io.callstream.dashboard.CallHours.Day;
import io.callstream.dashboard.CallHours.Hour;
import io.callstream.dashboard.Snapshot.Ranking;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.aggregate.Groups;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.internal.aggregate.Usual;
import io.callstream.internal.sink.Plural;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.Results;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What is unusual in the calls, in sentences. A finding needs complete hours or days, and enough
 * others to compare them with; otherwise a sentence names what is missing. Sentences are HTML, and
 * {@link #name} escapes the texts of calls in them.
 */
final class Findings {
  static final int WEEKS_BEFORE = 4;
  static final int SPIKES = 8;

  /** The number of prediction errors, {@link Usual#spread}, from which on a day is unusual. */
  static final double LIMIT = 4;

  /** The probability that a report has a shift if all weeks are alike. */
  static final double LEVEL = 0.05;

  /** The minimum calls in a week of values that are compared. */
  static final long MIN_IN_WEEK = 20;

  private static final String TYPE = "type";
  private static final int WEEK = 7;
  private static final int TOP = 3;

  /** The minimum calls of a type in an hour, in a comparison. */
  private static final long MIN_IN_HOUR = 5;

  /** The score of types in the busiest hour: one of 100,000 usual hours has so many calls. */
  private static final double RARE = 5;

  private static final double PLAIN_PERCENT = 3;
  private static final DateTimeFormatter DAY = Formats.pattern("EEE d MMM yyyy");
  private static final DateTimeFormatter WEEKDAY = Formats.pattern("EEEE's'");
  private static final DateTimeFormatter CLOCK = Formats.pattern("HH:mm");

  /** The subject of a finding. */
  enum Subject {
    BUSIEST_HOUR("The busiest hour"),
    DAYS("Unusual days"),
    SPIKES("Unusual hours"),
    SHIFT("Shifts against the weeks before"),
    RESPONSE("Response times"),
    TYPES("What the calls are about");

    final String title;

    Subject(String title) {
      this.title = title;
    }
  }

  /** A day with the number of calls that is usual for it. */
  record DayUsual(Day day, Usual usual) {
    /** Returns the difference from the usual number, in prediction errors. */
    double deviations() {
      return (day.calls() - usual.mean()) / usual.spread();
    }

    boolean isUnusual() {
      return Math.abs(deviations()) >= LIMIT;
    }
  }

  /** Unusually many calls of a group in one or several hours of a day that follow each other. */
  record Spike(
      Instant start, Instant end, String name, int hours, long calls, double usual, double score) {
    Spike plus(Spike that) {
      return new Spike(
          start,
          that.end,
          name,
          hours + that.hours,
          calls + that.calls,
          usual + that.usual,
          score + that.score);
    }
  }

  /**
   * All calls, or those of a value, whose last week is compared with the weeks before.
   *
   * @param name the value, or {@link #ALL}
   * @param weeks its calls in five weeks, oldest first
   * @param usual the mean of the weeks before, and the variance of the difference from it
   * @param byDay its calls on the days of these weeks
   */
  record Shift(String name, long[] weeks, Usual usual, List<Day> days, long[] byDay) {
    /** The name of all calls. No value with a shift is empty. */
    static final String ALL = "";

    LongSummaryStatistics before() {
      return Arrays.stream(weeks).limit(WEEKS_BEFORE).summaryStatistics();
    }

    long calls() {
      return weeks[WEEKS_BEFORE];
    }

    double deviations() {
      return (calls() - usual.mean()) / usual.spread();
    }

    /**
     * Returns whether the last week is outside the range of the weeks before, and random weeks are
     * rarely that far from the mean.
     *
     * @param values the number of values that the report compares
     */
    boolean isShift(int values) {
      return (calls() < before().getMin() || calls() > before().getMax())
          && probability() * values <= LEVEL;
    }

    /** Returns the probability of a Student-t value, 3 degrees of freedom, at least that far. */
    double probability() {
      double ratio = Math.abs(deviations()) / Math.sqrt(WEEKS_BEFORE - 1);
      return 1 - 2 / Math.PI * (Math.atan(ratio) + ratio / (1 + ratio * ratio));
    }
  }

  /** The response times of calls with a priority. */
  record Response(String priority, long calls, Duration median, Duration ninetieth) {}

  private final TypeGroups groups;
  private final Holidays holidays;
  private final Map<Subject, String> sentences = new LinkedHashMap<>();
  private final List<String> unknown = new ArrayList<>();
  private Optional<Hour> busiest = Optional.empty();
  private Map<LocalDate, DayUsual> days = new HashMap<>();
  private List<Spike> spikes = List.of();
  private String spikesOf = "";
  private Optional<Shift> shift = Optional.empty();
  private List<Response> responses = List.of();

  Findings(TypeGroups groups, Holidays holidays) {
    this.groups = groups;
    this.holidays = holidays;
  }

  /** Returns a date, with its name if it is a holiday. */
  String day(LocalDate date) {
    return DAY.format(date) + holidays.name(date).map(name -> " (" + name + ")").orElse("");
  }

  /** Returns whether holidays of the zone or of baselines are known. */
  boolean knowsHolidays() {
    return holidays.american() || !holidays.others().isEmpty();
  }

  /** Returns the sentences of the findings as HTML, in the order of the report. */
  Map<Subject, String> sentences() {
    return sentences;
  }

  /** Returns what is unknown or not unusual, as HTML. */
  List<String> unknown() {
    return unknown;
  }

  Optional<Hour> busiest() {
    return busiest;
  }

  /** Returns the days of which it is known what is usual. */
  Map<LocalDate, DayUsual> days() {
    return days;
  }

  /** Returns the spikes, most unusual first. */
  List<Spike> spikes() {
    return spikes;
  }

  /** Returns what has the spikes, such as {@code Type}. */
  String spikesOf() {
    return spikesOf;
  }

  Optional<Shift> shift() {
    return shift;
  }

  /** Returns the response times by priority. */
  List<Response> responses() {
    return responses;
  }

  /** Returns a text of calls as HTML that does not affect the text around it. */
  private static String name(String text) {
    return "<bdi>"
        + (text.isEmpty() ? "(none)" : HtmlWriter.escaped(RowTexts.shortened(text)))
        + "</bdi>";
  }

  /** Returns what the values of a dimension are, in words. */
  static String kind(Dimension dimension) {
    return dimension.name().equals(Dimensions.CRIME_TYPE.name())
        ? TYPE
        : dimension.name().replace('_', ' ');
  }

  /** Returns a type as HTML, with its meaning if it is a code. */
  private String type(String type) {
    boolean isCode = TypeGroups.hasDigit(type) && type.chars().noneMatch(Character::isWhitespace);
    String meaning = isCode ? groups.meaning(type) : "";
    return name(type) + (meaning.isEmpty() ? "" : " (" + HtmlWriter.escaped(meaning) + ")");
  }

  private static String strong(String html) {
    return "<strong>" + html + "</strong>";
  }

  private static String list(List<String> items) {
    int last = items.size() - 1;
    return last < 1
        ? String.join("", items)
        : String.join(", ", items.subList(0, last)) + " and " + items.get(last);
  }

  /** Returns a mean with the error of a prediction from it, such as {@code 131 ± 12}. */
  private static String usual(Usual usual) {
    String pattern = usual.mean() < 10 ? "%,.1f ± %,.1f" : "%,.0f ± %,.0f";
    return text(pattern, usual.mean(), usual.spread());
  }

  /** Returns the difference of a number from a mean, such as {@code 12 % more than}. */
  static String difference(long calls, double mean) {
    double ratio = calls / mean;
    if (mean < 1) {
      return "instead of";
    }
    if (ratio >= PLAIN_PERCENT) {
      return text("%.1f times", ratio);
    }
    double percent = Math.abs(ratio - 1) * 100;
    return (percent < 1 ? "under 1" : text("%.0f", percent))
        + (ratio < 1 ? " % fewer than" : " % more than");
  }

  private String hours(Hour hour) {
    return day(hour.local().toLocalDate())
        + ", "
        + CLOCK.format(hour.local())
        + " to "
        + CLOCK.format(hour.local().plus(Duration.between(hour.start(), hour.end())));
  }

  /** Finds the hour with the most calls, and what was in it. */
  void findBusiestHour(CallHours all, int typeDimension) {
    List<Hour> complete = all.hours().stream().filter(Hour::comparable).toList();
    if (complete.size() < Duration.ofDays(1).toHours()) {
      unknown.add(
          "The busiest hour: this needs 24 complete hours, and has " + complete.size() + ".");
      return;
    }
    Hour hour = complete.stream().max(Comparator.comparingLong(Hour::calls)).orElseThrow();
    long equal = complete.stream().filter(h -> h.calls() == hour.calls()).count();
    if (equal > 1) {
      unknown.add(
          text(
              "The busiest hour: %,d hours have the highest number of calls, %,d.",
              equal, hour.calls()));
      return;
    }
    busiest = Optional.of(hour);
    StringBuilder html = new StringBuilder();
    html.append(strong(hours(hour)))
        .append(" had ")
        .append(strong(Plural.of(hour.calls(), "call")))
        .append(text(", the most of %,d complete hours. ", complete.size()));
    all.usual(hour)
        .ifPresentOrElse(
            usual ->
                html.append(WEEKDAY.format(hour.local()))
                    .append(" at ")
                    .append(CLOCK.format(hour.local()))
                    .append(" usually have ")
                    .append(usual(usual))
                    .append(". "),
            () ->
                unknown.add(
                    text(
                        "What is usual for the busiest hour: this needs %d other weeks, and has %d.",
                        CallHours.MIN_OTHERS, all.others(hour).size())));
    if (typeDimension >= 0) {
      html.append(contents(all, hour, typeDimension));
    }
    sentences.put(Subject.BUSIEST_HOUR, html.toString().strip());
  }

  /** Returns the most frequent types of an hour, and the most unusual one. */
  private String contents(CallHours all, Hour hour, int dimension) {
    Map<String, Long> now = all.values(hour, dimension);
    List<Map.Entry<String, Long>> ranked =
        now.entrySet().stream()
            .sorted(
                Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    String html =
        "Its most frequent types: "
            + list(
                ranked.stream()
                    .limit(TOP)
                    .map(e -> type(e.getKey()) + " " + number(e.getValue()))
                    .toList())
            + ".";
    List<Map<String, Long>> others =
        all.others(hour).stream().map(other -> all.values(other, dimension)).toList();
    double highest = RARE;
    String unusual = "";
    for (Map.Entry<String, Long> type : ranked) {
      Optional<Usual> usual =
          CallHours.usual(
              others.stream().mapToDouble(o -> o.getOrDefault(type.getKey(), 0L)).toArray());
      boolean counts = type.getValue() >= MIN_IN_HOUR && !type.getKey().equals(Statistic.OTHER);
      if (counts && usual.isPresent() && usual.get().score(type.getValue()) >= highest) {
        highest = usual.get().score(type.getValue());
        unusual =
            text(
                " Unusual among them: %s, %,d instead of %s.",
                type(type.getKey()), type.getValue(), usual(usual.get()));
      }
    }
    return html + unusual;
  }

  /** Finds the days with unusually many or few calls. */
  void findUnusualDays(CallHours all) {
    all.days().stream()
        .filter(Day::comparable)
        .forEach(day -> all.usual(day).ifPresent(u -> days.put(day.date(), new DayUsual(day, u))));
    if (days.isEmpty()) {
      unknown.add(
          text(
              "Unusual days: this needs a complete day of the same weekday in %d other weeks.",
              CallHours.MIN_OTHERS));
      return;
    }
    List<DayUsual> unusual =
        days.values().stream()
            .filter(DayUsual::isUnusual)
            .sorted(
                Comparator.comparing((DayUsual day) -> isHoliday(day))
                    .thenComparingDouble(day -> -Math.abs(day.deviations()))
                    .thenComparing(day -> day.day().date()))
            .toList();
    if (unusual.isEmpty()) {
      unknown.add(
          text(
              "No day is unusual, of %,d with at least %d other weeks to compare with.",
              days.size(), CallHours.MIN_OTHERS));
      return;
    }
    StringBuilder html = new StringBuilder();
    unusual.stream()
        .limit(TOP)
        .forEach(
            day ->
                html.append(
                    text(
                        "%s had %s, %s the %s of other %s. ",
                        strong(day(day.day().date())),
                        strong(Plural.of(day.day().calls(), "call")),
                        difference(day.day().calls(), day.usual().mean()),
                        usual(day.usual()),
                        WEEKDAY.format(day.day().date()))));
    html.append(
        text(
            "%,d of %s with enough others to compare with %s unusual",
            unusual.size(), Plural.of(days.size(), "day"), unusual.size() == 1 ? "is" : "are"));
    List<String> more =
        unusual.stream()
            .skip(TOP)
            .filter(this::isHoliday)
            .map(day -> day(day.day().date()))
            .toList();
    html.append(more.isEmpty() ? "." : ", among them " + list(more) + ".");
    sentences.put(Subject.DAYS, html.toString());
  }

  private boolean isHoliday(DayUsual day) {
    return holidays.name(day.day().date()).isPresent();
  }

  /**
   * Finds the groups with unusually many calls in complete hours.
   *
   * @param results the results of an hourly statistic with a baseline
   * @param all the hours of all calls
   */
  void findSpikes(Results results, CallHours all) {
    List<Dimension> dimensions = results.statistic().dimensions();
    String kind =
        dimensions.isEmpty()
            ? "group"
            : dimensions.stream().map(Findings::kind).collect(Collectors.joining(" and "));
    spikesOf = kind.substring(0, 1).toUpperCase(Locale.ROOT) + kind.substring(1);
    Map<Instant, Hour> complete =
        all.hours().stream()
            .filter(Hour::comparable)
            .collect(Collectors.toMap(Hour::start, hour -> hour));
    Map<List<String>, Spike> last = new HashMap<>();
    List<Spike> found = new ArrayList<>();
    Set<Instant> hours = new HashSet<>();
    for (ResultRow row : results) {
      Hour hour = complete.get(row.window().orElseThrow().start());
      if (hour != null && hour.end().equals(row.window().get().end())) {
        List<String> key = new ArrayList<>(row.dimensions());
        key.add(hour.local().toLocalDate().toString());
        Spike spike =
            new Spike(
                hour.start(),
                hour.end(),
                dimensions.isEmpty() ? "all calls" : String.join(", ", row.dimensions()),
                1,
                row.count(),
                (double) row.value("expected").orElseThrow(),
                (double) row.value("score").orElseThrow());
        Spike before = last.get(key);
        if (before != null && before.end().equals(hour.start())) {
          spike = before.plus(spike);
        } else if (before != null) {
          found.add(before);
        }
        last.put(key, spike);
        hours.add(hour.start());
      }
    }
    found.addAll(last.values());
    spikes =
        found.stream()
            .sorted(Comparator.comparingDouble(Spike::score).reversed().thenComparing(Spike::start))
            .toList();
    if (spikes.isEmpty()) {
      unknown.add(
          text(
              "Unusual hours: no %s had unusually many calls in a complete hour, or there are not"
                  + " enough weeks before to compare with.",
              kind));
      return;
    }
    Spike most = spikes.get(0);
    String single =
        dimensions.size() == 1 && kind.equals(TYPE) ? type(most.name()) : name(most.name());
    sentences.put(
        Subject.SPIKES,
        text(
            "The most unusual: %s on %s, %s%s; the usual number is %s. In %s, at least"
                + " one %s had unusually many calls.",
            strong(single),
            strong(day(most.start().atZone(all.zone()).toLocalDate())),
            strong(Plural.of(most.calls(), "call")),
            most.hours() == 1 ? " in one hour" : text(" in %d hours", most.hours()),
            Formats.few(most.usual()),
            Plural.of(hours.size(), "hour"),
            kind));
  }

  /**
   * Finds whether the last week of all calls is a shift against the four weeks before, and the
   * types and areas with the greatest shifts.
   *
   * @param all the hours of all calls
   * @param areas statistics that may have the value, by what their values are
   */
  void findShift(CallHours all, Map<String, Area> areas) {
    int end = all.days().size();
    while (end > 0 && !all.days().get(end - 1).complete()) {
      end--;
    }
    int from = end - WEEK * (WEEKS_BEFORE + 1);
    int complete = 0;
    while (complete < end && all.days().get(end - 1 - complete).complete()) {
      complete++;
    }
    if (from < 0 || end - from > complete) {
      unknown.add(
          text(
              "Shifts against the weeks before: this needs %d complete days in a row at the end,"
                  + " and has %d.",
              WEEK * (WEEKS_BEFORE + 1), complete));
      return;
    }
    List<Day> period = all.days().subList(from, end);
    String html = shiftOfAll(period) + shiftsOfValues(period, areas);
    if (!html.isEmpty()) {
      sentences.put(Subject.SHIFT, html.strip());
    }
  }

  /** Compares all calls, in one test. */
  private String shiftOfAll(List<Day> period) {
    Shift found = shift(Shift.ALL, period, period.stream().mapToLong(Day::calls).toArray());
    LongSummaryStatistics before = found.before();
    String last = DAY.format(period.get(period.size() - 1).date());
    if (!found.isShift(1)) {
      unknown.add(
          text(
              "Shifts: the %s of the week to %s do not clearly differ from the four weeks before,"
                  + " which had %,d to %,d.",
              Plural.of(found.calls(), "call"), last, before.getMin(), before.getMax()));
      return "";
    }
    shift = Optional.of(found);
    return text(
        "The week from %s to %s had %s, %s the %s of the four weeks before, which had %,d to"
            + " %,d. ",
        DAY.format(period.get(WEEK * WEEKS_BEFORE).date()),
        last,
        strong(Plural.of(found.calls(), "call")),
        difference(found.calls(), found.usual().mean()),
        usual(found.usual()),
        before.getMin(),
        before.getMax());
  }

  /** Compares the types and areas, whose number makes the test stricter. */
  private String shiftsOfValues(List<Day> period, Map<String, Area> areas) {
    if (areas.isEmpty()) {
      unknown.add(
          "Shifts of types and areas: this report has no counts of all calls by the hour and type,"
              + " district or neighborhood. To get them, add such a statistic without a filter.");
      return "";
    }
    Map<String, List<Shift>> compared = new LinkedHashMap<>();
    areas.forEach(
        (kind, area) -> {
          if (area.covers(period)) {
            compared.put(kind, shifts(area, period, kind.equals(TYPE)));
          } else {
            unknown.add(
                text(
                    "Shifts of a %s: its counts do not cover the last %d weeks.",
                    kind, WEEKS_BEFORE + 1));
          }
        });
    int values = compared.values().stream().mapToInt(List::size).sum();
    Map<String, Shift> greatest = new LinkedHashMap<>();
    compared.forEach(
        (kind, shifts) ->
            shifts.stream()
                .filter(found -> found.isShift(values))
                .max(
                    Comparator.comparingDouble((Shift found) -> Math.abs(found.deviations()))
                        .thenComparing(Shift::name, Comparator.reverseOrder()))
                .ifPresent(found -> greatest.put(kind, found)));
    if (greatest.isEmpty()) {
      if (!compared.isEmpty()) {
        unknown.add(
            text(
                "Shifts: no %s with at least %d calls a week clearly differs in the week to %s from"
                    + " the four weeks before.",
                String.join(" or ", compared.keySet()),
                MIN_IN_WEEK,
                DAY.format(period.get(period.size() - 1).date())));
      }
      return "";
    }
    shift = shift.or(() -> greatest.values().stream().findFirst());
    StringBuilder html = new StringBuilder();
    greatest.forEach(
        (kind, found) -> {
          List<String> before = new ArrayList<>();
          for (int week = 0; week < WEEKS_BEFORE; week++) {
            before.add(number(found.weeks()[week]));
          }
          html.append(
              text(
                  "The greatest shift of a %s: %s had %s in the week from %s to %s, %s the %s"
                      + " of the four weeks before (%s). ",
                  kind,
                  strong(kind.equals(TYPE) ? type(found.name()) : name(found.name())),
                  strong(Plural.of(found.calls(), "call")),
                  DAY.format(period.get(WEEK * WEEKS_BEFORE).date()),
                  DAY.format(period.get(period.size() - 1).date()),
                  difference(found.calls(), found.usual().mean()),
                  usual(found.usual()),
                  String.join(", ", before)));
        });
    return html.toString();
  }

  /** An hourly statistic and one of its dimensions. */
  record Area(BlockResults results, int dimension) {
    /** Returns whether the statistic counts all calls of some days. */
    boolean covers(List<Day> days) {
      long first = days.get(0).hours().get(0).start().toEpochMilli();
      return results.countedSince().isEmpty()
          && !results.groups().isEmpty()
          && results.groups().firstKey() <= first;
    }
  }

  /** Returns the last week of all values that have enough calls, except for routine types. */
  private List<Shift> shifts(Area area, List<Day> period, boolean areTypes) {
    NavigableMap<Long, Groups> windows = area.results().groups();
    TextCache texts = new TextCache();
    Map<String, long[]> counts = new HashMap<>();
    for (int day = 0; day < period.size(); day++) {
      Map<String, Long> sums = new HashMap<>();
      for (Hour hour : period.get(day).hours()) {
        Groups of = windows.getOrDefault(hour.start().toEpochMilli(), Groups.NONE);
        CallHours.addTo(sums, of, area.dimension(), texts);
      }
      int index = day;
      sums.forEach(
          (value, calls) ->
              counts.computeIfAbsent(value, v -> new long[period.size()])[index] += calls);
    }
    return counts.entrySet().stream()
        .filter(value -> !value.getKey().isEmpty() && !value.getKey().equals(Statistic.OTHER))
        .filter(value -> !areTypes || !groups.group(value.getKey()).equals(TypeGroups.ROUTINE))
        .map(value -> shift(value.getKey(), period, value.getValue()))
        .filter(found -> Math.max((double) found.calls(), found.usual().mean()) >= MIN_IN_WEEK)
        .toList();
  }

  static Shift shift(String name, List<Day> period, long[] byDay) {
    long[] weeks = new long[WEEKS_BEFORE + 1];
    for (int day = 0; day < byDay.length; day++) {
      weeks[day / WEEK] += byDay[day];
    }
    double mean = Arrays.stream(weeks).limit(WEEKS_BEFORE).average().orElseThrow();
    double squares =
        Arrays.stream(weeks)
            .limit(WEEKS_BEFORE)
            .mapToDouble(week -> (week - mean) * (week - mean))
            .sum();
    // At least the variance of independent calls, and half a call more than there are.
    double expected = mean + 0.5 / WEEKS_BEFORE;
    double variance = Math.max(expected, squares / (WEEKS_BEFORE - 1)) * (1 + 1.0 / WEEKS_BEFORE);
    return new Shift(name, weeks, new Usual(expected, variance), period, byDay);
  }

  /** Finds the response times in the results of a statistic by priority. */
  void findResponseTimes(Results results) {
    responses =
        results.stream()
            .filter(row -> !row.dimensions().get(0).isEmpty())
            .flatMap(row -> response(row).stream())
            .sorted(Comparator.comparing(Response::priority))
            .toList();
    if (responses.isEmpty()) {
      unknown.add("Response times: no call has the times of its receipt and of an arrival.");
      return;
    }
    sentences.put(
        Subject.RESPONSE,
        "From receipt to the arrival of officers, "
            + String.join(
                "; ",
                responses.stream()
                    .limit(TOP)
                    .map(
                        response ->
                            text(
                                "half of the calls with priority %s wait at most %s, and nine of"
                                    + " ten at most %s",
                                name(response.priority()),
                                strong(Formats.duration(response.median())),
                                strong(Formats.duration(response.ninetieth()))))
                    .toList())
            + ". Calls that officers started do not count.");
  }

  private static Optional<Response> response(ResultRow row) {
    return row.value("received_to_scene_median")
        .flatMap(
            median ->
                row.value("received_to_scene_p90")
                    .map(
                        ninetieth ->
                            new Response(
                                row.dimensions().get(0),
                                row.count(),
                                (Duration) median,
                                (Duration) ninetieth)));
  }

  /** Finds the most frequent type, and the share of routine activity of the police. */
  void findTypes(Ranking types, Map<String, Long> routine) {
    if (types.entries().isEmpty()) {
      return;
    }
    Ranking.Entry first = types.entries().get(0);
    StringBuilder html = new StringBuilder();
    html.append(
        text(
            "The %s type is %s, with %s of the calls.",
            types.groups() == 1 ? "only" : text("most frequent of %,d", types.groups()),
            strong(type(first.name())),
            Formats.percent(types.share(first))));
    long calls = routine.values().stream().mapToLong(Long::longValue).sum();
    if (calls > 0) {
      html.append(
          text(
              " %s of the calls are routine police activity, which follows the work of officers"
                  + " rather than events: %s.",
              strong(Formats.percent((double) calls / types.total())),
              list(
                  routine.entrySet().stream()
                      .sorted(
                          Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                              .thenComparing(Map.Entry.comparingByKey()))
                      .limit(TOP)
                      .map(e -> name(e.getKey()) + " " + number(e.getValue()))
                      .toList())));
    }
    sentences.put(Subject.TYPES, html.toString());
  }
}
