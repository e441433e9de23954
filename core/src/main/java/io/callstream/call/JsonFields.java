package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The fields of a format whose records are JSON objects: the names that they have in a record, by
 * place, and what each is in a call. Names of the same field stand for one another: the first that
 * has text counts.
 */
final class JsonFields {
  private static final DateTimeFormatter WALL_CLOCK =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  /**
   * A field by a name that it has in a record.
   *
   * @param required whether there must be text under this name, or another of the field
   */
  record Named(String name, CallField field, boolean required) {}

  private final List<Named> fields;
  private final Set<CallField> sameAsTime;
  private final Function<ZoneId, EventTimeReader> times;

  private JsonFields(
      List<Named> fields, Set<CallField> sameAsTime, Function<ZoneId, EventTimeReader> times) {
    this.fields = fields;
    this.sameAsTime = sameAsTime;
    this.times = times;
  }

  static JsonFields of(Named... fields) {
    return new JsonFields(List.of(fields), Set.of(), EventTimeReader::new);
  }

  /** Returns the same with a field that is always the event time. */
  JsonFields withTimeAs(CallField field) {
    return new JsonFields(fields, Set.of(field), times);
  }

  /** Returns the same with times that may also be written as in the portal's CSV exports. */
  JsonFields withTimesOfPortal() {
    return new JsonFields(fields, sameAsTime, EventTimeReader::ofPortal);
  }

  /** Returns a new reader of the format's times. */
  EventTimeReader times(ZoneId zone) {
    return times.apply(zone);
  }

  List<Named> all() {
    return fields;
  }

  /** The fields that are always the event time. */
  Set<CallField> sameAsTime() {
    return sameAsTime;
  }

  /** Returns the place of the name that comes first for a field. */
  int placeOf(CallField field) {
    return IntStream.range(0, fields.size())
        .filter(f -> fields.get(f).field() == field)
        .findFirst()
        .orElseThrow();
  }

  String nameOf(CallField field) {
    return fields.get(placeOf(field)).name();
  }

  /** Returns the names that the fields have in a record, in their order. */
  Set<String> fieldNames() {
    return fields.stream().map(Named::name).collect(Collectors.toCollection(LinkedHashSet::new));
  }

  byte[][] names() {
    return fields.stream().map(f -> f.name().getBytes(UTF_8)).toArray(byte[][]::new);
  }

  /** Returns the places of names without which there is no call. */
  int[] required() {
    return IntStream.range(0, fields.size()).filter(f -> fields.get(f).required()).toArray();
  }

  /** Returns for each place that of the next name of the same field, or -1. */
  int[] alternatives() {
    int[] next = new int[fields.size()];
    for (int f = 0; f < next.length; f++) {
      CallField field = fields.get(f).field();
      next[f] =
          IntStream.range(f + 1, next.length)
              .filter(other -> fields.get(other).field() == field)
              .findFirst()
              .orElse(-1);
    }
    return next;
  }

  /** Returns the places of the first names of the text fields among {@code wanted}. */
  int[] texts(Set<CallField> wanted) {
    return IntStream.range(0, fields.size())
        .filter(f -> wanted.contains(fields.get(f).field()) && isText(fields.get(f).field()))
        .filter(f -> placeOf(fields.get(f).field()) == f)
        .toArray();
  }

  /** Returns the places of times other than the event time. */
  int[] times() {
    return IntStream.range(0, fields.size())
        .filter(f -> fields.get(f).field().holdsTime())
        .toArray();
  }

  private static boolean isText(CallField field) {
    return field != CallField.TIME && !field.holdsTime();
  }

  /** Returns the event time of a call as a record words it. */
  static String timeOf(Call call, ZoneId zone) {
    return wording(call.time(), zone, call.ambiguousTime());
  }

  /**
   * Returns a time as a record words it, by the clocks of a zone. The offset is told only where
   * they do not tell the time, and it is certain.
   */
  static String wording(Instant instant, ZoneId zone, boolean ambiguous) {
    OffsetDateTime time = instant.atZone(zone).toOffsetDateTime();
    boolean twice = zone.getRules().getValidOffsets(time.toLocalDateTime()).size() > 1;
    return twice && !ambiguous
        ? WALL_CLOCK.format(time) + time.getOffset()
        : WALL_CLOCK.format(time);
  }
}
