package io.callstream.call;

/**
 * A field of a call, with the name that all formats share.
 *
 * <p>A {@link CallFormat} defines which fields its records have. A text field that a record does
 * not have is the empty string. A time that a record does not have is absent.
 */
public enum CallField {
  /** The id of the call at its source. */
  ID,
  /** The call type exactly as the source wrote it: a dispatcher's note, a name or a code. */
  CRIME_TYPE,
  /** The event time: the time at which the call was made. */
  TIME,
  /** The disposition code, which states how the call ended. */
  DISPOSITION,
  /** The address: a block, a street number or an intersection. */
  ADDRESS,
  /** The kind of place that {@link #ADDRESS} is. */
  ADDRESS_TYPE,
  /** The common name of the place. */
  COMMON_LOCATION,
  /** The city. */
  CITY,
  /** The state. */
  STATE,
  /** The agency that handles the call. */
  AGENCY,
  /** The date of the report, exactly as the source wrote it. */
  REPORT_DATE,
  /** The date of the call, exactly as the source wrote it. */
  CALL_DATE,
  /** The date of the offense, exactly as the source wrote it. */
  OFFENSE_DATE,
  /** The time of day of the call, exactly as the source wrote it. */
  CALL_TIME,
  /** The dispatcher's priority. */
  PRIORITY,
  /** The police district. */
  DISTRICT,
  /** The neighborhood. */
  NEIGHBORHOOD,
  // The fields from here on hold times.
  /** The time at which the call was received. */
  RECEIVED,
  /** The time at which a unit was dispatched. */
  DISPATCHED,
  /** The time at which the first unit arrived. */
  ON_SCENE,
  /** The time at which the call was closed. */
  CLOSED;

  /** Returns whether the field holds a time other than the event time. */
  public boolean holdsTime() {
    return compareTo(RECEIVED) >= 0;
  }
}
