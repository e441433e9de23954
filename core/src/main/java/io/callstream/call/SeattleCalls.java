package io.callstream.call;

import java.time.ZoneId;
import java.util.List;

/**
 * The format of Seattle's calls for service: a row of the dataset {@code 33kz-ixgy} (Call Data) of
 * data.seattle.gov, as the SODA API or a CSV export writes it.
 *
 * <p>A row is the dispatch of a unit, so a call has as many rows as units were sent. A pipeline
 * that is {@linkplain io.callstream.pipeline.Pipeline.Builder#distinct() distinct} counts each call
 * once.
 *
 * <table>
 * <caption>Fields of a call and their source</caption>
 * <tr><td>{@link Fields#ID}</td><td>{@code cad_event_number}; required</td></tr>
 * <tr><td>{@link Fields#TYPE}</td><td>{@code final_call_type}, otherwise {@code
 *     initial_call_type}; one of them is required</td></tr>
 * <tr><td>{@link Fields#TIME} and {@link Fields#RECEIVED}</td><td>{@code
 *     cad_event_original_time_queued}; required</td></tr>
 * <tr><td>{@link Fields#DISPATCHED}</td><td>{@code call_sign_dispatch_time}, of the unit of the
 *     row</td></tr>
 * <tr><td>{@link Fields#ON_SCENE}</td><td>{@code cad_event_arrived_time}</td></tr>
 * <tr><td>{@link Fields#DISPOSITION}</td><td>{@code cad_event_clearance_description}</td></tr>
 * <tr><td>{@link Fields#PRIORITY}</td><td>{@code priority}</td></tr>
 * <tr><td>{@link Fields#ADDRESS}</td><td>{@code dispatch_address}</td></tr>
 * <tr><td>{@link Fields#DISTRICT}</td><td>{@code dispatch_precinct}</td></tr>
 * <tr><td>{@link #SECTOR}</td><td>{@code dispatch_sector}</td></tr>
 * <tr><td>{@link Fields#BEAT}</td><td>{@code dispatch_beat}</td></tr>
 * <tr><td>{@link Fields#NEIGHBORHOOD}</td><td>{@code dispatch_neighborhood}</td></tr>
 * <tr><td>{@link #INDICATOR}</td><td>{@code call_type_indicator}, which is {@code ONVIEW} for calls
 *     that an officer started</td></tr>
 * <tr><td>{@link Fields#POSITION}</td><td>{@code dispatch_latitude} and {@code
 *     dispatch_longitude}, of the block</td></tr>
 * </table>
 *
 * <p>The text {@code REDACTED}, which the city writes instead of about a quarter of the positions,
 * is no value. A time may have the form of {@link JsonFormat}, or those of the portal's CSV
 * exports, such as {@code 01/22/2024 05:36:31 PM} and {@code 2024 Jan 22 05:36:31 PM}. It is local
 * unless it has an offset.
 *
 * <p>The names of the columns are those of 2026, from public programs that read the dataset; the
 * city renamed several of them in 2024 or later. The format was not tested with the portal itself.
 * An older export, for example with {@code original_time_queued}, needs another format.
 */
public final class SeattleCalls {
  /** The sector: a part of a precinct that consists of several beats. */
  public static final Field<String> SECTOR = Field.text("sector");

  /** How the call was received, in one word. */
  public static final Field<String> INDICATOR = Field.text("indicator");

  private static final List<String> TIMES =
      List.of(TimePattern.ISO, TimePattern.PORTAL, "uuuu MMM d h:mm:ss a");

  private static final String QUEUED = "cad_event_original_time_queued";

  private SeattleCalls() {}

  /** Returns the format as the city publishes it, with times in America/Los_Angeles. */
  public static JsonFormat json() {
    return json(ZoneId.of("America/Los_Angeles"));
  }

  /** Returns the format with another time zone, for data that was converted to that zone. */
  public static JsonFormat json(ZoneId zone) {
    return JsonFormat.builder("seattle")
        .zone(zone)
        .absent("REDACTED")
        .id("cad_event_number")
        .type("final_call_type", "initial_call_type")
        .time(Fields.TIME, List.of(QUEUED), TIMES)
        .time(Fields.RECEIVED, List.of(QUEUED), TIMES)
        .time(Fields.DISPATCHED, List.of("call_sign_dispatch_time"), TIMES)
        .time(Fields.ON_SCENE, List.of("cad_event_arrived_time"), TIMES)
        .text(Fields.DISPOSITION, "cad_event_clearance_description")
        .text(Fields.PRIORITY, "priority")
        .text(Fields.ADDRESS, "dispatch_address")
        .text(Fields.DISTRICT, "dispatch_precinct")
        .text(SECTOR, "dispatch_sector")
        .text(Fields.BEAT, "dispatch_beat")
        .text(Fields.NEIGHBORHOOD, "dispatch_neighborhood")
        .text(INDICATOR, "call_type_indicator")
        .position(Fields.POSITION, "dispatch_latitude", "dispatch_longitude")
        .build();
  }
}
