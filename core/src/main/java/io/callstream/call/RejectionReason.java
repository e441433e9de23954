package io.callstream.call;

/** Why a record is no call. */
public enum RejectionReason {
  /** The record has no bytes, or nothing but white space. */
  EMPTY("empty"),
  /** The record has more bytes than the limit. */
  TOO_LARGE("too-large"),
  /** Objects and arrays are nested deeper than the limit. */
  TOO_DEEP("too-deep"),
  /** The record is not one complete JSON text. */
  NOT_JSON("not-json"),
  /** The record is JSON, but an array, a string, a number, a boolean or null. */
  NOT_AN_OBJECT("not-an-object"),
  /** A required field is not there, or null. */
  MISSING_FIELD("missing-field"),
  /** A required field is empty, or nothing but white space. */
  BLANK_FIELD("blank-field"),
  /** An object or array stands where text is expected. */
  NOT_TEXT("not-text"),
  /** The event time is not a time of the format. */
  UNREADABLE_TIME("unreadable-time"),
  /** The event time is further past the record's timestamp than the pipeline allows. */
  FUTURE_TIME("future-time"),
  /** The parser of the format threw an exception, or returned nothing. */
  FORMAT_FAILED("format-failed");

  private final String code;

  RejectionReason(String code) {
    this.code = code;
  }

  /** Returns the word for this reason in dead letters, which never changes. */
  public String code() {
    return code;
  }
}
