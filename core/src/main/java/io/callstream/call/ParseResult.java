package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The verdict on one record. */
public sealed interface ParseResult {
  /** The most characters of {@link Rejected#field} and {@link Rejected#detail}. */
  int MAX_DETAIL = 500;

  /**
   * Parses a record as engines do. An exception that the parser throws is the verdict {@link
   * RejectionReason#FORMAT_FAILED} on this record, with the class and the message of the exception
   * as the detail; so are a stack overflow, a failed assertion, and a result that is null. After
   * that verdict the parser may be in an undefined state: use a new one.
   *
   * <p>What says nothing about the record is thrown: other errors, such as a missing class or a
   * lack of memory, and any exception in a thread that was interrupted.
   *
   * @param value the record's bytes, which are not modified
   */
  static ParseResult of(CallParser parser, byte[] value) {
    Throwable failure;
    try {
      ParseResult result = parser.parse(value);
      if (result != null) {
        return result;
      }
      failure = null;
    } catch (Exception | StackOverflowError | AssertionError e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      failure = e;
    }
    return new Rejected(
        RejectionReason.FORMAT_FAILED,
        null,
        value,
        failure == null ? "the parser returned null" : detail(failure));
  }

  /**
   * Returns a text that sinks can write: of bounded length, and without a half of a surrogate pair,
   * which has no form in UTF-8.
   */
  private static String bounded(String text) {
    if (text.length() <= MAX_DETAIL && text.chars().allMatch(c -> c < Character.MIN_SURROGATE)) {
      return text;
    }
    String start = text.substring(0, Math.min(text.length(), MAX_DETAIL));
    return new String(start.getBytes(UTF_8), UTF_8);
  }

  private static String detail(Throwable failure) {
    String message = failure.getMessage();
    String name = failure.getClass().getName();
    return message == null ? name : name + ": " + message;
  }

  /** The record is a call. */
  record Parsed(Call call) implements ParseResult {
    /** Refuses null. */
    public Parsed {
      Objects.requireNonNull(call, "call");
    }
  }

  /**
   * The record is no call.
   *
   * @param reason why not
   * @param field the field, as the record names it, that is the reason; null if it is the whole;
   *     cut after {@link #MAX_DETAIL} characters
   * @param value the record's bytes, as they came; not copied, not to be modified
   * @param detail a further explanation, which may have content of the record; null if there is
   *     none; cut after {@link #MAX_DETAIL} characters
   */
  record Rejected(
      RejectionReason reason, @Nullable String field, byte[] value, @Nullable String detail)
      implements ParseResult {
    /** Refuses a missing reason, and bounds the texts. */
    public Rejected {
      Objects.requireNonNull(reason, "reason");
      field = field == null ? null : bounded(field);
      detail = detail == null ? null : bounded(detail);
    }

    /** Creates a verdict without a detail. */
    public Rejected(RejectionReason reason, @Nullable String field, byte[] value) {
      this(reason, field, value, null);
    }

    @Override
    public String toString() {
      return "Rejected[" + reason.code() + (field == null ? "" : " " + field) + "]";
    }
  }
}
