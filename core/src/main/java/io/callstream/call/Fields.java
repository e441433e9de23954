package io.callstream.call;

import java.time.Instant;
import java.util.Set;

/** The fields that several formats share. A {@link CallFormat} states which of them it has. */
public final class Fields {
  /**
   * The id of the call at its source. In a format without ids, it is {@code
   * topic-partition-offset}, followed by {@code -index} for the calls after the first one of their
   * record, if a pipeline reads it.
   */
  public static final Field<String> ID = Field.text("id");

  /** The call type, unchanged: a dispatcher's note, a name or a code. */
  public static final Field<String> TYPE = Field.text("type");

  /** The event time: the time at which the call was made. Each call has it. */
  public static final Field<Instant> TIME = Field.time("time");

  /** The disposition code, which states how the call ended. */
  public static final Field<String> DISPOSITION = Field.text("disposition");

  /** The address: a block, a street number or an intersection. */
  public static final Field<String> ADDRESS = Field.text("address");

  /** The kind of place that {@link #ADDRESS} is. */
  public static final Field<String> ADDRESS_TYPE = Field.text("address_type");

  /** The common name of the place. */
  public static final Field<String> COMMON_LOCATION = Field.text("common_location");

  /** The city. */
  public static final Field<String> CITY = Field.text("city");

  /** The state. */
  public static final Field<String> STATE = Field.text("state");

  /** The agency that handles the call. */
  public static final Field<String> AGENCY = Field.text("agency");

  /** The date of the report, as an unchanged text. */
  public static final Field<String> REPORT_DATE = Field.text("report_date");

  /** The date of the call, as an unchanged text. */
  public static final Field<String> CALL_DATE = Field.text("call_date");

  /** The date of the offense, as an unchanged text. */
  public static final Field<String> OFFENSE_DATE = Field.text("offense_date");

  /** The time of day of the call, as an unchanged text. */
  public static final Field<String> CALL_TIME = Field.text("call_time");

  /** The dispatcher's priority. */
  public static final Field<String> PRIORITY = Field.text("priority");

  /** The police district. */
  public static final Field<String> DISTRICT = Field.text("district");

  /** The police beat, the smallest area that a unit patrols. */
  public static final Field<String> BEAT = Field.text("beat");

  /** The ZIP code. */
  public static final Field<String> ZIP = Field.text("zip");

  /** The neighborhood. */
  public static final Field<String> NEIGHBORHOOD = Field.text("neighborhood");

  /** The time at which the call was received. */
  public static final Field<Instant> RECEIVED = Field.time("received");

  /** The time at which the call was entered into the dispatch system. */
  public static final Field<Instant> ENTERED = Field.time("entered");

  /** The time at which a unit was dispatched. */
  public static final Field<Instant> DISPATCHED = Field.time("dispatched");

  /** The time at which the first unit set out. */
  public static final Field<Instant> EN_ROUTE = Field.time("en_route");

  /** The time at which the first unit arrived. */
  public static final Field<Instant> ON_SCENE = Field.time("on_scene");

  /** The time at which the call was closed. */
  public static final Field<Instant> CLOSED = Field.time("closed");

  /** Whether an officer on patrol started the call, rather than somebody who asked for help. */
  public static final Field<Boolean> ON_VIEW = Field.flag("on_view");

  /** The position of the call. */
  public static final Field<Position> POSITION = Field.position("position");

  /** The time at which the source last changed the call. */
  public static final Field<Instant> UPDATED = Field.time("updated");

  /**
   * All fields of the format, in the sets of fields that filters, dimensions and measures declare.
   */
  public static final Set<Field<?>> ALL = Set.of(Field.marker());

  private Fields() {}

  /** Returns whether calls of a format can have a field. */
  public static boolean has(CallFormat format, Field<?> field) {
    Set<Field<?>> fields = format.fields();
    return fields.contains(field) || fields.containsAll(ALL);
  }
}
