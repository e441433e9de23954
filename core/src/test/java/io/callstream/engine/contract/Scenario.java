package io.callstream.engine.contract;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallFormat;
import io.callstream.call.RejectionReason;
import io.callstream.engine.contract.StatisticSpec.Dim;
import io.callstream.engine.contract.StatisticSpec.Filter;
import io.callstream.engine.contract.StatisticSpec.MeasureKind;
import io.callstream.engine.contract.StatisticSpec.WindowKind;
import io.callstream.engine.contract.TestRecord.Calls;
import io.callstream.engine.contract.TestRecord.Fact;
import io.callstream.engine.contract.TestRecord.NoCall;
import io.callstream.engine.contract.TestRecord.Numbers;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Emission;
import io.callstream.statistic.StandardStatistics;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.zone.ZoneOffsetTransition;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A pipeline and its input, generated from a seed: one to four statistics of any kind, and records
 * in partitions with disorder, garbage and duplicates around a clock change, in random batches. The
 * same seed generates the same scenario.
 *
 * @param hasSeveral whether a record can have several calls
 */
public record Scenario(
    long seed,
    ZoneId zone,
    int partitions,
    List<StatisticSpec> statistics,
    Optional<Duration> distinct,
    boolean corrects,
    Duration maxFutureSkew,
    Optional<Duration> maxEventTimeJump,
    List<List<TestRecord>> batches,
    boolean hasLookups,
    boolean hasSeveral) {

  /** The maximum number of groups if it does not matter. */
  static final int DEFAULT_MAX_GROUPS = 100_000;

  /** The maximum number of records for which a scenario shows its records. */
  private static final int FEW = 10;

  private static final List<String> ZONES =
      List.of(
          "America/Los_Angeles",
          "Europe/London",
          "Australia/Lord_Howe",
          "America/Sao_Paulo",
          "Pacific/Apia",
          "Africa/Casablanca",
          "America/St_Johns");

  private static final List<String> TYPES =
      List.of(
          "Passing Call",
          "Traffic Stop",
          "415",
          "22500e",
          "7.2.46",
          "Zo\u00eb",
          "\uff5eful\uffe5",
          "\ud83d\ude00 party",
          "say \"hi\", all",
          "line\nbreak",
          " padded ",
          "nul\u0000byte",
          "one\u0001byte",
          "back\\slash/",
          "(other)",
          "a");

  static final List<String> ADDRESSES =
      List.of("", "100 Block Of Main St", "A St/b St", "\u00c5land, 1", "\ud834\udd1e", "(other)");

  private static final List<String> DISPOSITIONS =
      List.of("HAN", "ADV", "22", "OTS", "Not recorded", "");

  /**
   * Adds the parts of this scenario to a pipeline, except for the source, the format and the sinks.
   */
  public Pipeline.Builder addTo(Pipeline.Builder pipeline) {
    return addTo(pipeline, AreaTable.fixed());
  }

  /** Adds the parts of this scenario to a pipeline, with a table of areas. */
  Pipeline.Builder addTo(Pipeline.Builder pipeline, AreaTable areas) {
    if (hasLookups) {
      pipeline.lookup(StandardStatistics.dispositions(StatisticSpec.CODES)).lookup(areas.lookup());
    }
    statistics.forEach(s -> pipeline.statistic(s.statistic()));
    distinct.ifPresent(corrects ? pipeline::corrections : pipeline::distinct);
    maxEventTimeJump.ifPresentOrElse(pipeline::maxEventTimeJump, pipeline::withoutMaxEventTimeJump);
    return pipeline.maxFutureSkew(maxFutureSkew);
  }

  /** Returns the format of the records. */
  public CallFormat format() {
    return hasSeveral ? KitCalls.several(zone) : KitCalls.json(zone);
  }

  /** Returns all records, in the order of arrival. */
  public List<TestRecord> records() {
    return batches.stream().flatMap(List::stream).toList();
  }

  /** Generates a scenario. */
  public static Scenario of(long seed) {
    return new Maker(seed).scenario();
  }

  /** Generates a scenario with thousands of records. */
  static Scenario large(long seed) {
    Maker maker = new Maker(seed);
    maker.maxRecords = 4_000;
    maker.minRecords = 2_000;
    return maker.scenario();
  }

  /** Returns a part of this scenario. */
  Scenario cut(
      List<StatisticSpec> fewer, Optional<Duration> horizon, List<List<TestRecord>> shorter) {
    return new Scenario(
        seed,
        zone,
        partitions,
        List.copyOf(fewer),
        horizon,
        corrects,
        maxFutureSkew,
        maxEventTimeJump,
        shorter.stream().filter(batch -> !batch.isEmpty()).map(List::copyOf).toList(),
        hasLookups,
        hasSeveral);
  }

  /** Returns this scenario for engines that do not support lookups. */
  Scenario withoutLookups() {
    return new Scenario(
        seed,
        zone,
        partitions,
        statistics.stream().map(StatisticSpec::withoutLookups).toList(),
        distinct,
        corrects,
        maxFutureSkew,
        maxEventTimeJump,
        batches,
        false,
        hasSeveral);
  }

  /** Returns the seed and the generated parts. Includes the records if there are few. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("scenario of seed ").append(seed).append(" in ").append(zone);
    text.append(", ")
        .append(partitions)
        .append(" partitions, ")
        .append(corrects ? "corrections " : "distinct ")
        .append(distinct);
    text.append(", jump ").append(maxEventTimeJump);
    text.append(hasLookups ? ", lookups" : "").append(hasSeveral ? ", several calls" : "");
    text.append(", batches of ").append(batches.stream().map(List::size).toList());
    text.append(", ").append(statistics);
    if (records().size() <= FEW) {
      for (int i = 0; i < batches.size(); i++) {
        for (TestRecord r : batches.get(i)) {
          text.append("\n  batch ").append(i).append(", partition ").append(r.partition());
          text.append(", ").append(r.timestamp()).append(": ");
          text.append(r.value() == null ? "no value" : new String(r.value(), UTF_8));
        }
      }
    }
    return text.toString();
  }

  private static final class Maker {
    private final long seed;
    private final Random random;
    private final ZoneId zone;
    private final ZoneOffsetTransition change;
    private final List<String> types;
    private final List<String> ids = new ArrayList<>();
    private final List<Sent> sent = new ArrayList<>();
    private boolean corrects;
    private boolean hasSeveral;
    private int minRecords;
    private int maxRecords = 120;

    Maker(long seed) {
      this.seed = seed;
      random = new Random(seed);
      zone = ZoneId.of(pick(ZONES));
      Instant after =
          Instant.parse("2005-01-01T00:00:00Z").plus(Duration.ofDays(random.nextInt(2_300)));
      change = zone.getRules().nextTransition(after);
      types = new ArrayList<>(TYPES);
      Collections.shuffle(types, random);
      types.subList(1 + random.nextInt(TYPES.size()), types.size()).clear();
    }

    private <T> T pick(List<T> values) {
      return values.get(random.nextInt(values.size()));
    }

    private boolean chance(double probability) {
      return random.nextDouble() < probability;
    }

    Scenario scenario() {
      int partitions = 1 + random.nextInt(4);
      corrects = chance(0.3);
      hasSeveral = chance(0.3);
      List<StatisticSpec> statistics = new ArrayList<>();
      int count = 1 + random.nextInt(4);
      for (int i = 0; i < count; i++) {
        statistics.add(statistic("s-" + i));
      }
      Optional<Duration> distinct =
          corrects || chance(0.5)
              ? Optional.of(Duration.ofMinutes(1 + random.nextInt(3_000)))
              : Optional.empty();
      Duration skew = Duration.ofMinutes(pick(List.of(0, 90, 1_440)));
      Optional<Duration> jump =
          chance(0.3)
              ? Optional.empty()
              : Optional.of(Duration.ofMinutes(pick(List.of(0, 10, 60, 60, 1_500))));
      return new Scenario(
          seed,
          zone,
          partitions,
          statistics,
          distinct,
          corrects,
          skew,
          jump,
          batches(partitions, skew),
          true,
          hasSeveral);
    }

    private StatisticSpec statistic(String name) {
      List<Dim> dims = new ArrayList<>(EnumSet.allOf(Dim.class));
      Collections.shuffle(dims, random);
      WindowKind window =
          pick(Stream.of(WindowKind.values()).filter(w -> !corrects || !w.isSession()).toList());
      List<MeasureKind> measures = new ArrayList<>(EnumSet.allOf(MeasureKind.class));
      if (window.isSession()) {
        measures.remove(MeasureKind.SHARE);
      }
      measures.removeIf(measure -> corrects && !measure.canRetract());
      Collections.shuffle(measures, random);
      boolean onClose = window.isSession() || (window != WindowKind.NONE && chance(0.4));
      return new StatisticSpec(
          name,
          pick(
              List.of(
                  Filter.NONE,
                  Filter.NONE,
                  Filter.WITH_A,
                  Filter.FIRST_HALF_MINUTE,
                  Filter.WITH_AREA)),
          List.copyOf(dims.subList(0, random.nextInt(4))),
          window,
          chance(0.8) ? zone : ZoneId.of(pick(ZONES)),
          Duration.ofMinutes(pick(List.of(0, 0, 10, 60, 1_500))),
          List.copyOf(measures.subList(0, 1 + random.nextInt(3))),
          onClose ? Emission.ON_CLOSE : Emission.ON_UPDATE,
          chance(0.5) ? DEFAULT_MAX_GROUPS : 1 + random.nextInt(8));
    }

    private List<List<TestRecord>> batches(int partitions, Duration skew) {
      Duration span = pick(List.of(Duration.ofHours(3), Duration.ofHours(30), Duration.ofDays(9)));
      Duration disorder = pick(List.of(Duration.ZERO, Duration.ofMinutes(20), Duration.ofHours(5)));
      double garbage = pick(List.of(0.0, 0.05, 0.4));
      double duplicates = pick(List.of(0.0, 0.1, 0.5));
      double misdated = pick(List.of(0.0, 0.05, 0.5));
      int records = minRecords + random.nextInt(maxRecords - minRecords);
      int silent = chance(0.3) ? random.nextInt(partitions) : -1;
      List<TestRecord> all = new ArrayList<>();
      for (int i = 0; i < records; i++) {
        int partition = random.nextInt(partitions);
        if (partition == silent && chance(0.9)) {
          continue;
        }
        Instant time =
            change
                .getInstant()
                .minus(span.dividedBy(2))
                .plus(span.multipliedBy(i).dividedBy(Math.max(1, records)))
                .plusSeconds((long) (random.nextGaussian() * disorder.toSeconds()));
        if (chance(misdated)) {
          time = time.plus(Duration.ofHours(random.nextInt(500) - 100));
        }
        TestRecord made =
            chance(garbage) ? garbage(partition, time) : call(partition, time, duplicates, skew);
        TestRecord last = all.isEmpty() ? null : all.get(all.size() - 1);
        if (hasSeveral && last != null && last.canPrecede(made) && chance(0.4)) {
          all.set(all.size() - 1, last.and(made));
        } else {
          all.add(made);
        }
      }
      List<List<TestRecord>> batches = new ArrayList<>();
      int from = 0;
      int usual = 1 + random.nextInt(60);
      while (from < all.size()) {
        int to = Math.min(all.size(), from + 1 + random.nextInt(usual));
        batches.add(List.copyOf(all.subList(from, to)));
        from = to;
      }
      return batches;
    }

    // ---- calls

    private TestRecord call(int partition, Instant about, double duplicates, Duration skew) {
      Sent again = corrects && !sent.isEmpty() && chance(0.4) ? pick(sent) : null;
      if (again != null && chance(0.5)) {
        TestRecord same = again.record();
        return new TestRecord(partition, same.timestamp(), same.value(), same.truth());
      }
      Fact earlier = again == null ? null : again.fact();
      Map<String, String> fields = new LinkedHashMap<>();
      String id = earlier == null ? id(duplicates) : earlier.id();
      ids.add(id);
      Time time = again == null ? time(about) : again.time();
      String type = kept(earlier, Fact::type, pick(types));
      fields.put("crime_id", quoted(id));
      fields.put("original_crime_type_name", quoted(type));
      fields.put("call_date_time", quoted(time.text()));
      String disposition =
          optional(fields, "disposition", kept(earlier, Fact::disposition, pick(DISPOSITIONS)));
      String address = optional(fields, "address", kept(earlier, Fact::address, pick(ADDRESSES)));
      String millis = chance(0.2) ? "" : Integer.toString(random.nextInt(5_000) - 500);
      String callTime = optional(fields, "call_time", kept(earlier, Fact::callTime, millis));
      Numbers numbers = numbers(fields, earlier);
      if (chance(0.3)) {
        fields.put("unknown", pick(List.of("{\"a\":[1,null]}", "[]", "1e5", "true", "\"x\"")));
      }
      if (Math.floorMod(id.hashCode(), 3) == 0) { // the same in all versions of a call
        fields.put("city", "\"San Francisco\"");
      }
      // Most records have a timestamp soon after the call. Some are from wrong clocks.
      Instant timestamp =
          time.instant()
              .plusMillis(
                  chance(0.1)
                      ? -skew.toMillis() + random.nextInt(3) - 1
                      : chance(0.05) ? -random.nextInt(200_000_000) : random.nextInt(100_000));
      byte[] value = object(fields).getBytes(UTF_8);
      Fact fact =
          new Fact(
              id, type, time.instant(), time.ambiguous(), disposition, address, callTime, numbers);
      TestRecord made =
          new TestRecord(
              partition,
              Instant.ofEpochMilli(timestamp.toEpochMilli()),
              value,
              new Calls(List.of(fact)));
      sent.add(new Sent(made, fact, time));
      return made;
    }

    private record Sent(TestRecord record, Fact fact, Time time) {}

    private String id(double duplicates) {
      return !ids.isEmpty() && chance(duplicates)
          ? ids.get(ids.size() - 1 - random.nextInt(Math.min(20, ids.size())))
          : "id-" + ids.size() + (chance(0.1) ? "\u00e9" : "");
    }

    /** Returns a value for a call, in most cases that of its earlier version. */
    private <T> T kept(Fact earlier, Function<Fact, T> value, T fresh) {
      return earlier != null && chance(0.7) ? value.apply(earlier) : fresh;
    }

    /** Adds a field that may be missing. Returns the text as which it counts. */
    private String optional(Map<String, String> fields, String name, String value) {
      if (!value.isEmpty()) {
        boolean number = value.matches("-?[1-9][0-9]*");
        fields.put(name, number && chance(0.3) ? value : quoted(value));
        return value;
      }
      switch (random.nextInt(4)) {
        case 0 -> {}
        case 1 -> fields.put(name, "null");
        case 2 -> fields.put(name, "\"\"");
        default -> fields.put(name, "\" \\t \"");
      }
      return "";
    }

    /** Adds values of the other types, each of which may be missing. */
    private Numbers numbers(Map<String, String> fields, Fact earlier) {
      Long units = chance(0.3) ? null : (long) (random.nextInt(500) - 250);
      BigDecimal price =
          chance(0.3)
              ? null
              : BigDecimal.valueOf(
                  chance(0.1) ? random.nextLong() : random.nextInt(20_000) - 5_000, 2);
      Double speed =
          chance(0.3)
              ? null
              : chance(0.1)
                  ? pick(List.of(1e300, -1e300, 0.1, Double.MIN_VALUE))
                  : Double.valueOf(random.nextGaussian());
      Boolean onView = chance(0.3) ? null : Boolean.valueOf(random.nextBoolean());
      Double latitude = chance(0.3) ? null : Double.valueOf(random.nextInt(180) - 90);
      units = kept(earlier, fact -> fact.numbers().units(), units);
      price = kept(earlier, fact -> fact.numbers().price(), price);
      speed = kept(earlier, fact -> fact.numbers().speed(), speed);
      onView = kept(earlier, fact -> fact.numbers().onView(), onView);
      latitude = kept(earlier, fact -> fact.numbers().latitude(), latitude);
      put(fields, "units", units);
      put(fields, "price", price);
      put(fields, "speed", speed);
      put(fields, "on_view", onView);
      put(fields, "latitude", latitude);
      put(fields, "longitude", latitude == null ? null : -122.5);
      return new Numbers(units, price, speed, onView, latitude);
    }

    /** Adds a value as JSON or as text, or null or nothing if there is none. */
    private void put(Map<String, String> fields, String name, Object value) {
      if (value != null || chance(0.2)) {
        fields.put(name, value == null || chance(0.7) ? String.valueOf(value) : quoted("" + value));
      }
    }

    private record Time(String text, Instant instant, boolean ambiguous) {}

    private Time time(Instant about) {
      if (chance(0.5)) {
        Duration size = change.getDuration().abs();
        about =
            chance(0.2)
                ? change
                    .getInstant()
                    .plusMillis((long) ((random.nextDouble() * 2 - 1) * size.toMillis()))
                : about;
      }
      LocalDateTime local = LocalDateTime.ofInstant(about, zone);
      if (change.isGap() && chance(0.05)) {
        local = change.getDateTimeBefore().plusSeconds(random.nextInt(1_800));
      }
      String pattern =
          pick(
              List.of(
                  "uuuu-MM-dd'T'HH:mm",
                  "uuuu-MM-dd HH:mm:ss",
                  "uuuu-MM-dd'T'HH:mm:ss.SSS",
                  "uuuu-MM-dd'T'HH:mm:ss.SSSSSS"));
      String text = DateTimeFormatter.ofPattern(pattern).format(local);
      LocalDateTime read =
          LocalDateTime.parse(text.replace(' ', 'T'))
              .truncatedTo(java.time.temporal.ChronoUnit.MILLIS);
      if (chance(0.1)) {
        ZoneOffset offset = ZoneOffset.ofHoursMinutes(-7, -30);
        return new Time(text + "-07:30", read.toInstant(offset), false);
      }
      return new Time(
          text, read.atZone(zone).toInstant(), zone.getRules().getValidOffsets(read).size() == 2);
    }

    // ---- JSON

    private String object(Map<String, String> fields) {
      List<String> names = new ArrayList<>(fields.keySet());
      if (chance(0.5)) {
        Collections.shuffle(names, random);
      }
      boolean spaces = chance(0.2);
      StringBuilder json = new StringBuilder("{");
      for (String name : names) {
        json.append(json.length() == 1 ? "" : spaces ? " ,\n" : ",");
        if (chance(0.02)) {
          json.append('"').append(name).append("\":\"overwritten\",");
        }
        json.append('"').append(name).append('"').append(spaces ? " : " : ":");
        json.append(fields.get(name));
      }
      return json.append(spaces ? "}\r\n" : "}").toString();
    }

    private String quoted(String text) {
      StringBuilder json = new StringBuilder("\"");
      boolean escapes = chance(0.1);
      for (int c : text.codePoints().toArray()) {
        boolean escaped = c < ' ' || c == '"' || c == '\\' || (escapes && chance(0.3));
        for (char unit : Character.toChars(c)) {
          json.append(escaped ? String.format("\\u%04x", (int) unit) : Character.toString(unit));
        }
      }
      return json.append('"').toString();
    }

    // ---- garbage

    private TestRecord garbage(int partition, Instant about) {
      String start = "{\"crime_id\":\"g\",\"original_crime_type_name\":\"T\",\"call_date_time\":\"";
      String time = LocalDateTime.ofInstant(about, zone).withNano(0).withSecond(1).toString();
      record Kind(RejectionReason reason, String field, byte[] value) {
        static Kind of(RejectionReason reason, String field, String value) {
          return new Kind(reason, field, value.getBytes(UTF_8));
        }
      }
      Kind kind =
          switch (random.nextInt(17)) {
            case 0 -> new Kind(RejectionReason.EMPTY, null, null);
            case 1 -> Kind.of(RejectionReason.EMPTY, null, "");
            case 2 -> Kind.of(RejectionReason.EMPTY, null, " \r\n\t ");
            case 3 -> Kind.of(RejectionReason.NOT_JSON, null, start + time);
            case 4 -> Kind.of(RejectionReason.NOT_JSON, null, start + time + "\"}]");
            case 5 -> Kind.of(RejectionReason.NOT_AN_OBJECT, null, "[" + start + time + "\"}]");
            case 6 -> Kind.of(RejectionReason.NOT_AN_OBJECT, null, "42");
            case 7 -> Kind.of(RejectionReason.NOT_JSON, null, "<html>&amp;</html>");
            case 8 ->
                Kind.of(
                    RejectionReason.MISSING_FIELD,
                    "crime_id",
                    start.replace("crime_id", "crimeid") + time + "\"}");
            case 9 ->
                Kind.of(
                    RejectionReason.MISSING_FIELD,
                    "original_crime_type_name",
                    start.replace("\"T\"", "null") + time + "\"}");
            case 10 ->
                Kind.of(
                    RejectionReason.BLANK_FIELD,
                    "original_crime_type_name",
                    start.replace("\"T\"", "\" \"") + time + "\"}");
            case 11 -> Kind.of(RejectionReason.BLANK_FIELD, "call_date_time", start + "\"}");
            case 12 ->
                Kind.of(
                    RejectionReason.UNREADABLE_TIME,
                    "call_date_time",
                    start + "2018-02-30T00:00\"}");
            case 13 ->
                Kind.of(RejectionReason.NOT_TEXT, "address", start + time + "\",\"address\":{}}");
            case 14 ->
                Kind.of(
                    RejectionReason.TOO_DEEP,
                    null,
                    start + time + "\",\"x\":" + "[".repeat(120) + "]".repeat(120) + "}");
            case 15 -> {
              String field = pick(List.of("units", "price", "speed", "on_view", "latitude"));
              String wrong = "\",\"longitude\":0,\"latitude\":0,\"" + field + "\":\"1.234x\"}";
              yield Kind.of(RejectionReason.UNREADABLE_VALUE, field, start + time + wrong);
            }
            default ->
                new Kind(
                    RejectionReason.NOT_JSON,
                    null,
                    new byte[] {(byte) 0xff, 0, 1, (byte) random.nextInt(256), '"', '{'});
          };
      return new TestRecord(
          partition,
          Instant.ofEpochMilli(about.toEpochMilli()),
          kind.value(),
          new NoCall(kind.reason(), kind.field()));
    }
  }
}
