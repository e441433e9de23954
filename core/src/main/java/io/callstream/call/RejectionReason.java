package io.callstream.call;

import java.io.Serializable;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The reason for the rejection of a record that cannot be parsed as a call. A format with its own
 * checks defines more reasons with {@link #of}. Two reasons are equal if their codes are equal.
 * Immutable and thread-safe.
 */
public final class RejectionReason implements Serializable {
  /** The record has no bytes, or only white space. */
  public static final RejectionReason EMPTY = new RejectionReason("empty");

  /** The record is larger than the limit. */
  public static final RejectionReason TOO_LARGE = new RejectionReason("too-large");

  /** Objects and arrays are nested more deeply than the limit. */
  public static final RejectionReason TOO_DEEP = new RejectionReason("too-deep");

  /** The record is not one complete JSON text. */
  public static final RejectionReason NOT_JSON = new RejectionReason("not-json");

  /** The record is valid JSON, but not an object. */
  public static final RejectionReason NOT_AN_OBJECT = new RejectionReason("not-an-object");

  /** A required field is missing or null. */
  public static final RejectionReason MISSING_FIELD = new RejectionReason("missing-field");

  /** A required field is empty, contains only white space, or has a text that means no value. */
  public static final RejectionReason BLANK_FIELD = new RejectionReason("blank-field");

  /** A field that requires text holds an object or an array. */
  public static final RejectionReason NOT_TEXT = new RejectionReason("not-text");

  /** The event time, or another time of the call, cannot be read in this format. */
  public static final RejectionReason UNREADABLE_TIME = new RejectionReason("unreadable-time");

  /** A number, a flag or a position cannot be read as a value of its field. */
  public static final RejectionReason UNREADABLE_VALUE = new RejectionReason("unreadable-value");

  /** The event time is later than the record's timestamp by more than the pipeline allows. */
  public static final RejectionReason FUTURE_TIME = new RejectionReason("future-time");

  /** The parser of the format threw an exception or returned null. */
  public static final RejectionReason FORMAT_FAILED = new RejectionReason("format-failed");

  private static final long serialVersionUID = 1L;
  private static final Pattern CODE = Pattern.compile("[a-z][a-z0-9-]{0,39}");

  private final String code;

  private RejectionReason(String code) {
    this.code = code;
  }

  /**
   * Returns the reason with a code.
   *
   * @param code lower-case letters, digits and hyphens, at most 40 characters, starting with a
   *     letter
   * @throws IllegalArgumentException if the code is not valid
   */
  public static RejectionReason of(String code) {
    if (!CODE.matcher(code).matches()) {
      throw new IllegalArgumentException(
          "'"
              + code
              + "' is not a valid code of a rejection; use lower-case letters, digits and hyphens,"
              + " at most 40 characters, starting with a letter");
    }
    return new RejectionReason(code);
  }

  /** Returns the reasons that this library uses. */
  public static List<RejectionReason> standard() {
    return List.of(
        EMPTY,
        TOO_LARGE,
        TOO_DEEP,
        NOT_JSON,
        NOT_AN_OBJECT,
        MISSING_FIELD,
        BLANK_FIELD,
        NOT_TEXT,
        UNREADABLE_TIME,
        UNREADABLE_VALUE,
        FUTURE_TIME,
        FORMAT_FAILED);
  }

  /** Returns the code of this reason in dead letters. Codes never change. */
  public String code() {
    return code;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RejectionReason that && code.equals(that.code);
  }

  @Override
  public int hashCode() {
    return code.hashCode();
  }

  /** Returns the code. */
  @Override
  public String toString() {
    return code;
  }
}
