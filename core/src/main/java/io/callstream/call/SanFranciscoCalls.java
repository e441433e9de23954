package io.callstream.call;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The format in which the City of San Francisco published its calls in 2018: a JSON object with
 * fourteen text fields.
 *
 * <p>Required are {@code crime_id}, {@code original_crime_type_name} and {@code call_date_time},
 * none of them blank. The event time is {@code yyyy-MM-dd}, {@code T} or a space, {@code
 * HH:mm[:ss[.fraction]]} with one to nine digits of fraction, of which three count, and an offset
 * ({@code Z}, {@code +HH}, {@code +HHmm}, {@code +HH:mm}) where one is given. Without an offset it
 * is read in the format's zone: of an hour that occurs twice the earlier is taken, and a time that
 * the clocks skip is as far past the change as it is past the skipped hour's start.
 *
 * <p>Other fields are optional: missing, null or blank is the empty text. A number or a boolean
 * stands for its JSON text; an object or an array in one of the fourteen is a rejection. Of a key
 * that occurs twice the last value counts. Fields beyond the fourteen may hold any JSON.
 *
 * <p>A record is UTF-8, has at most {@value #MAX_BYTES} bytes and nests at most {@value #MAX_DEPTH}
 * deep. An escape that spells half of a surrogate pair stands for {@code ?}.
 */
public final class SanFranciscoCalls implements CallFormat {
  /** The most bytes that a record may have: 1 MiB. */
  public static final int MAX_BYTES = 1 << 20;

  /** The most objects and arrays that may be open at once, the record itself included. */
  public static final int MAX_DEPTH = 100;

  private static final long serialVersionUID = 1L;

  /** The fields by the names that they have in a record. The required ones stand first. */
  static final List<NamedField> FIELDS =
      List.of(
          new NamedField("crime_id", CallField.ID, true),
          new NamedField("original_crime_type_name", CallField.CRIME_TYPE, true),
          new NamedField("call_date_time", CallField.TIME, true),
          new NamedField("report_date", CallField.REPORT_DATE, false),
          new NamedField("call_date", CallField.CALL_DATE, false),
          new NamedField("offense_date", CallField.OFFENSE_DATE, false),
          new NamedField("call_time", CallField.CALL_TIME, false),
          new NamedField("disposition", CallField.DISPOSITION, false),
          new NamedField("address", CallField.ADDRESS, false),
          new NamedField("city", CallField.CITY, false),
          new NamedField("state", CallField.STATE, false),
          new NamedField("agency_id", CallField.AGENCY, false),
          new NamedField("address_type", CallField.ADDRESS_TYPE, false),
          new NamedField("common_location", CallField.COMMON_LOCATION, false));

  /** Where {@link #FIELDS} has the id. */
  static final int ID_INDEX = 0;

  /** Where {@link #FIELDS} has the event time. */
  static final int TIME_INDEX = 2;

  private static final JsonFactory JSON = new JsonFactory();
  private static final DateTimeFormatter WALL_CLOCK =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS");

  private final ZoneId zone;

  private SanFranciscoCalls(ZoneId zone) {
    this.zone = zone;
  }

  /** Returns the format as published, with times in America/Los_Angeles. */
  public static SanFranciscoCalls json() {
    return json(ZoneId.of("America/Los_Angeles"));
  }

  /** Returns the format with times of another zone, for data that were moved there. */
  public static SanFranciscoCalls json(ZoneId zone) {
    return new SanFranciscoCalls(zone);
  }

  @Override
  public String name() {
    return "san-francisco-2018-json";
  }

  @Override
  public ZoneId zone() {
    return zone;
  }

  @Override
  public Optional<String> idField() {
    return Optional.of(FIELDS.get(ID_INDEX).name());
  }

  @Override
  public String timeField() {
    return FIELDS.get(TIME_INDEX).name();
  }

  @Override
  public CallParser parser(Set<CallField> fields) {
    return new SanFranciscoParser(zone, fields);
  }

  @Override
  public byte[] write(Call call) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      for (NamedField field : FIELDS) {
        json.writeStringField(
            field.name(), field.field() == CallField.TIME ? time(call) : call.text(field.field()));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * Tells the offset only where the wall clock does not tell the time, and the call is sure of it.
   */
  private String time(Call call) {
    OffsetDateTime time = call.time().atZone(zone).toOffsetDateTime();
    boolean twice = zone.getRules().getValidOffsets(time.toLocalDateTime()).size() > 1;
    return twice && !call.ambiguousTime()
        ? WALL_CLOCK.format(time) + time.getOffset()
        : WALL_CLOCK.format(time);
  }

  @Override
  public String toString() {
    return name() + " in " + zone;
  }

  /** A field by the name that it has in a record. */
  record NamedField(String name, CallField field, boolean required) {}
}
