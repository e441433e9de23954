package io.callstream.call;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.call.JsonFields.Named;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.ZoneId;
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
  public static final int MAX_BYTES = JsonCallParser.MAX_BYTES;

  /** The most objects and arrays that may be open at once, the record itself included. */
  public static final int MAX_DEPTH = JsonCallParser.MAX_DEPTH;

  private static final long serialVersionUID = 1L;

  private static final JsonFields FIELDS =
      JsonFields.of(
          new Named("crime_id", CallField.ID, true),
          new Named("original_crime_type_name", CallField.CRIME_TYPE, true),
          new Named("call_date_time", CallField.TIME, true),
          new Named("report_date", CallField.REPORT_DATE, false),
          new Named("call_date", CallField.CALL_DATE, false),
          new Named("offense_date", CallField.OFFENSE_DATE, false),
          new Named("call_time", CallField.CALL_TIME, false),
          new Named("disposition", CallField.DISPOSITION, false),
          new Named("address", CallField.ADDRESS, false),
          new Named("city", CallField.CITY, false),
          new Named("state", CallField.STATE, false),
          new Named("agency_id", CallField.AGENCY, false),
          new Named("address_type", CallField.ADDRESS_TYPE, false),
          new Named("common_location", CallField.COMMON_LOCATION, false));

  private static final JsonFactory JSON = new JsonFactory();

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
    return Optional.of(FIELDS.nameOf(CallField.ID));
  }

  @Override
  public Set<String> fieldNames() {
    return FIELDS.fieldNames();
  }

  @Override
  public String timeField() {
    return FIELDS.nameOf(CallField.TIME);
  }

  @Override
  public CallParser parser(Set<CallField> fields) {
    return new JsonCallParser(FIELDS, zone, fields);
  }

  @Override
  public byte[] write(Call call) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      for (Named field : FIELDS.all()) {
        json.writeStringField(
            field.name(),
            field.field() == CallField.TIME
                ? JsonFields.timeOf(call, zone)
                : call.text(field.field()));
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public String toString() {
    return name() + " in " + zone;
  }
}
