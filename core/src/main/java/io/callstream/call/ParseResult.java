package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The result of parsing one record. */
public sealed interface ParseResult {
  /** The maximum length of {@link Rejected#field} and {@link Rejected#detail}, in characters. */
  int MAX_DETAIL = 500;

  /**
   * Parses a record in the same way as engines do.
   *
   * <p>The result is {@link RejectionReason#FORMAT_FAILED} if the parser throws an exception,
   * overflows the stack, fails an assertion or returns null. The detail of the rejection contains
   * the class and the message of the exception. The parser may then be in an undefined state; use a
   * new parser.
   *
   * <p>Other errors, such as a missing class or a lack of memory, do not depend on the record. This
   * method does not catch them, nor any exception in a thread that was interrupted.
   *
   * @param value the bytes of the record; not modified
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
   * Returns text that sinks can write: its length is limited, and it has no unpaired surrogates,
   * which UTF-8 cannot encode.
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

  /** The record is a valid call. */
  record Parsed(Call call) implements ParseResult {
    /** Checks that {@code call} is not null. */
    public Parsed {
      Objects.requireNonNull(call, "call");
    }
  }

  /**
   * The record was rejected because it cannot be parsed as a call.
   *
   * @param reason the reason for the rejection
   * @param field the field that caused the rejection, by its name in the record; null if the whole
   *     record is the cause; truncated to {@link #MAX_DETAIL} characters
   * @param value the original bytes of the record; not copied, and must not be modified
   * @param detail an explanation, which may include content of the record; null if there is none;
   *     truncated to {@link #MAX_DETAIL} characters
   */
  record Rejected(
      RejectionReason reason, @Nullable String field, byte[] value, @Nullable String detail)
      implements ParseResult {
    /** Checks that {@code reason} is not null, and truncates the texts. */
    public Rejected {
      Objects.requireNonNull(reason, "reason");
      field = field == null ? null : bounded(field);
      detail = detail == null ? null : bounded(detail);
    }

    /** Creates a rejection without a detail. */
    public Rejected(RejectionReason reason, @Nullable String field, byte[] value) {
      this(reason, field, value, null);
    }

    @Override
    public String toString() {
      return "Rejected[" + reason.code() + (field == null ? "" : " " + field) + "]";
    }
  }
}
