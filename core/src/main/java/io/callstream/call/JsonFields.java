package io.callstream.call;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The fields of a format whose records are JSON objects. Each field has an index, a name in the
 * record and the corresponding field of the call. Several names may belong to the same field of the
 * call; the first one that has text is used.
 */
final class JsonFields {
  private static final JsonFactory JSON = new JsonFactory();
  private static final DateTimeFormatter WALL_CLOCK =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  /**
   * A field of the record.
   *
   * @param required whether this field, or another one for the same field of the call, must have
   *     text
   */
  record Named(String name, Field<?> field, boolean required) {}

  private final List<Named> fields;
  private final Set<Field<?>> sameAsTime;
  private final Function<ZoneId, EventTimeReader> times;
  private final boolean writesEmptyTexts;

  /** The first name of each field. */
  private final List<Named> written;

  private JsonFields(
      List<Named> fields,
      Set<Field<?>> sameAsTime,
      Function<ZoneId, EventTimeReader> times,
      boolean writesEmptyTexts) {
    this.fields = fields;
    this.sameAsTime = sameAsTime;
    this.times = times;
    this.writesEmptyTexts = writesEmptyTexts;
    this.written = fields.stream().filter(f -> f.equals(fields.get(placeOf(f.field())))).toList();
  }

  static JsonFields of(Named... fields) {
    return new JsonFields(List.of(fields), Set.of(), EventTimeReader::new, true);
  }

  /** Returns a copy in which {@code field} is always equal to the event time. */
  JsonFields withTimeAs(Field<?> field) {
    return new JsonFields(fields, Set.of(field), times, writesEmptyTexts);
  }

  /** Returns a copy that also accepts times in the form of the portal's CSV exports. */
  JsonFields withTimesOfPortal() {
    return new JsonFields(fields, sameAsTime, EventTimeReader::ofPortal, writesEmptyTexts);
  }

  /** Returns a copy that does not write fields without text. */
  JsonFields withoutEmptyTexts() {
    return new JsonFields(fields, sameAsTime, times, false);
  }

  /** Returns a new reader for the times of the format. */
  EventTimeReader times(ZoneId zone) {
    return times.apply(zone);
  }

  List<Named> all() {
    return fields;
  }

  /** Returns the fields that are always equal to the event time. */
  Set<Field<?>> sameAsTime() {
    return sameAsTime;
  }

  /** Returns the index of the first name for a field. */
  int placeOf(Field<?> field) {
    return IntStream.range(0, fields.size())
        .filter(f -> fields.get(f).field() == field)
        .findFirst()
        .orElseThrow();
  }

  String nameOf(Field<?> field) {
    return fields.get(placeOf(field)).name();
  }

  /** Returns the fields of a call, except for the event time. */
  Set<Field<?>> fields() {
    Set<Field<?>> all = new LinkedHashSet<>(sameAsTime);
    fields.forEach(field -> all.add(field.field()));
    all.remove(Fields.TIME);
    return Collections.unmodifiableSet(all);
  }

  /** Returns the names of the fields in a record, in order. */
  Set<String> fieldNames() {
    return fields.stream().map(Named::name).collect(Collectors.toCollection(LinkedHashSet::new));
  }

  /** Returns the indices of the required fields. */
  int[] required() {
    return IntStream.range(0, fields.size()).filter(f -> fields.get(f).required()).toArray();
  }

  /** Returns, for each index, the index of the next name for the same field, or -1. */
  int[] alternatives() {
    int[] next = new int[fields.size()];
    for (int f = 0; f < next.length; f++) {
      Field<?> field = fields.get(f).field();
      next[f] =
          IntStream.range(f + 1, next.length)
              .filter(other -> fields.get(other).field() == field)
              .findFirst()
              .orElse(-1);
    }
    return next;
  }

  /** Returns the indices of the first names for the text fields in {@code wanted}. */
  int[] texts(Set<Field<?>> wanted) {
    return IntStream.range(0, fields.size())
        .filter(f -> wanted.contains(fields.get(f).field()) && isText(fields.get(f).field()))
        .filter(f -> placeOf(fields.get(f).field()) == f)
        .toArray();
  }

  /** Returns the indices of the times other than the event time. */
  int[] times() {
    return IntStream.range(0, fields.size())
        .filter(f -> fields.get(f).field().type() == Field.Type.TIME)
        .filter(f -> fields.get(f).field() != Fields.TIME)
        .toArray();
  }

  private static boolean isText(Field<?> field) {
    return field.type() == Field.Type.TEXT;
  }

  /** Writes a call as a record. The first name of each field has its text. */
  byte[] write(Call call, ZoneId zone) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      for (Named field : written) {
        String text = text(call, field.field(), zone);
        if (writesEmptyTexts || !text.isEmpty()) {
          json.writeStringField(field.name(), text);
        }
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static String text(Call call, Field<?> field, ZoneId zone) {
    Object value = call.get(field);
    return value instanceof Instant time
        ? text(time, zone, field == Fields.TIME && call.ambiguousTime())
        : value == null ? "" : value.toString();
  }

  /**
   * Returns a time with its offset only if the wall-clock time occurs twice and is not ambiguous.
   */
  private static String text(Instant instant, ZoneId zone, boolean ambiguous) {
    OffsetDateTime time = instant.atZone(zone).toOffsetDateTime();
    boolean twice = zone.getRules().getValidOffsets(time.toLocalDateTime()).size() > 1;
    return twice && !ambiguous
        ? WALL_CLOCK.format(time) + time.getOffset()
        : WALL_CLOCK.format(time);
  }
}
