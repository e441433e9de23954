package io.callstream.call;

/**
 * A field of a call, under the name that is common to all formats.
 *
 * <p>A {@link CallFormat} says which of them its records carry. Text fields that a record lacks
 * read as the empty text; times that it lacks are absent.
 */
public enum CallField {
  /** The id of the call at its source. */
  ID,
  /** The type as the source words it: a dispatcher's note, a name or a code. */
  CRIME_TYPE,
  /** The event time: when the call was made. */
  TIME,
  /** The code of how the call ended. */
  DISPOSITION,
  /** Where: a block, a street number or an intersection. */
  ADDRESS,
  /** What kind of place {@link #ADDRESS} is. */
  ADDRESS_TYPE,
  /** The name by which the place is known. */
  COMMON_LOCATION,
  /** The city. */
  CITY,
  /** The state. */
  STATE,
  /** The agency that handles the call. */
  AGENCY,
  /** The date of the report, as the source words it. */
  REPORT_DATE,
  /** The date of the call, as the source words it. */
  CALL_DATE,
  /** The date of the offense, as the source words it. */
  OFFENSE_DATE,
  /** The time of day of the call, as the source words it. */
  CALL_TIME,
  /** The dispatcher's priority. */
  PRIORITY,
  /** The police district. */
  DISTRICT,
  /** The neighborhood. */
  NEIGHBORHOOD,
  /** When the call was received. */
  RECEIVED,
  /** When a unit was dispatched. */
  DISPATCHED,
  /** When the first unit arrived. */
  ON_SCENE,
  /** When the call was closed. */
  CLOSED;

  /** Returns whether the field holds a time other than the event time. */
  public boolean holdsTime() {
    return switch (this) {
      case RECEIVED, DISPATCHED, ON_SCENE, CLOSED -> true;
      case ID,
          CRIME_TYPE,
          TIME,
          DISPOSITION,
          ADDRESS,
          ADDRESS_TYPE,
          COMMON_LOCATION,
          CITY,
          STATE,
          AGENCY,
          REPORT_DATE,
          CALL_DATE,
          OFFENSE_DATE,
          CALL_TIME,
          PRIORITY,
          DISTRICT,
          NEIGHBORHOOD ->
          false;
    };
  }
}
