package io.callstream.call;

/** The reason for the rejection of a record that cannot be parsed as a call. */
public enum RejectionReason {
  /** The record has no bytes, or only white space. */
  EMPTY("empty"),
  /** The record is larger than the limit. */
  TOO_LARGE("too-large"),
  /** Objects and arrays are nested more deeply than the limit. */
  TOO_DEEP("too-deep"),
  /** The record is not one complete JSON text. */
  NOT_JSON("not-json"),
  /** The record is valid JSON, but not an object. */
  NOT_AN_OBJECT("not-an-object"),
  /** A required field is missing or null. */
  MISSING_FIELD("missing-field"),
  /** A required field is empty, contains only white space, or has a text that means no value. */
  BLANK_FIELD("blank-field"),
  /** A field that requires text holds an object or an array. */
  NOT_TEXT("not-text"),
  /** The event time, or another time of the call, cannot be read in this format. */
  UNREADABLE_TIME("unreadable-time"),
  /** A number, a flag or a position cannot be read as a value of its field. */
  UNREADABLE_VALUE("unreadable-value"),
  /** The event time is later than the record's timestamp by more than the pipeline allows. */
  FUTURE_TIME("future-time"),
  /** The parser of the format threw an exception or returned null. */
  FORMAT_FAILED("format-failed");

  private final String code;

  RejectionReason(String code) {
    this.code = code;
  }

  /** Returns the code of this reason in dead letters. Codes never change. */
  public String code() {
    return code;
  }
}
