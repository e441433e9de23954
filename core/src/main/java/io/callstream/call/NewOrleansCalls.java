package io.callstream.call;

import java.time.ZoneId;
import java.util.List;

/**
 * The format of New Orleans' calls for service: a row, as the SODA API or a CSV export writes it,
 * of one of the yearly datasets Calls for Service of data.nola.gov. The dataset of 2026 is {@code
 * es9j-6y5d}, and that of 2025 is {@code 4xwx-sfte}.
 *
 * <table>
 * <caption>Fields of a call and their source</caption>
 * <tr><td>{@link Fields#ID}</td><td>{@code nopd_item}; required</td></tr>
 * <tr><td>{@link Fields#TYPE}</td><td>the first field with text among {@code typetext}, {@code
 *     type_}, {@code initialtypetext} and {@code initialtype}; one of them is required</td></tr>
 * <tr><td>{@link Fields#TIME} and {@link Fields#RECEIVED}</td><td>{@code timecreate};
 *     required</td></tr>
 * <tr><td>{@link Fields#DISPATCHED}</td><td>{@code timedispatch}</td></tr>
 * <tr><td>{@link Fields#ON_SCENE}</td><td>{@code timearrive}, or {@code timearrival} in datasets of
 *     some years</td></tr>
 * <tr><td>{@link Fields#CLOSED}</td><td>{@code timeclosed}</td></tr>
 * <tr><td>{@link Fields#DISPOSITION}</td><td>{@code disposition}</td></tr>
 * <tr><td>{@link Fields#PRIORITY}</td><td>{@code priority}, otherwise {@code
 *     initialpriority}</td></tr>
 * <tr><td>{@link Fields#ON_VIEW}</td><td>{@code selfinitiated}</td></tr>
 * <tr><td>{@link Fields#ADDRESS}</td><td>{@code block_address}</td></tr>
 * <tr><td>{@link Fields#DISTRICT}</td><td>{@code policedistrict}</td></tr>
 * <tr><td>{@link Fields#BEAT}</td><td>{@code beat}</td></tr>
 * <tr><td>{@link Fields#ZIP}</td><td>{@code zip}</td></tr>
 * <tr><td>{@link Fields#POSITION}</td><td>{@code location.coordinates}: the longitude, then the
 *     latitude. In a CSV export, a text such as {@code POINT (-90.1 30.0)}</td></tr>
 * </table>
 *
 * <p>A time may have the form of {@link JsonFormat}, or that of the portal's CSV exports, such as
 * {@code 01/22/2024 05:36:31 PM}. It is local unless it has an offset. A call that an officer
 * started often has no time of dispatch.
 *
 * <p>The names of the columns are those of 2015 to 2026, from public programs that read the
 * datasets. The format was not tested with the portal itself.
 */
public final class NewOrleansCalls {
  private static final List<String> TIMES = List.of(TimePattern.ISO, TimePattern.PORTAL);
  private static final String CREATED = "timecreate";

  private NewOrleansCalls() {}

  /** Returns the format as the city publishes it, with times in America/Chicago. */
  public static JsonFormat json() {
    return json(ZoneId.of("America/Chicago"));
  }

  /** Returns the format with another time zone, for data that was converted to that zone. */
  public static JsonFormat json(ZoneId zone) {
    return JsonFormat.builder("new-orleans")
        .zone(zone)
        .id("nopd_item")
        .type("typetext", "type_", "initialtypetext", "initialtype")
        .time(Fields.TIME, List.of(CREATED), TIMES)
        .time(Fields.RECEIVED, List.of(CREATED), TIMES)
        .time(Fields.DISPATCHED, List.of("timedispatch"), TIMES)
        .time(Fields.ON_SCENE, List.of("timearrive", "timearrival"), TIMES)
        .time(Fields.CLOSED, List.of("timeclosed"), TIMES)
        .text(Fields.DISPOSITION, "disposition")
        .text(Fields.PRIORITY, "priority", "initialpriority")
        .flag(Fields.ON_VIEW, "selfinitiated")
        .text(Fields.ADDRESS, "block_address")
        .text(Fields.DISTRICT, "policedistrict")
        .text(Fields.BEAT, "beat")
        .text(Fields.ZIP, "zip")
        .position(Fields.POSITION, "location")
        .build();
  }
}
