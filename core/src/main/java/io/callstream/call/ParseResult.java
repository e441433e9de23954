package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import java.util.List;
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
   * <p>A {@link CallstreamException} does not depend on the record: a parser throws it if something
   * that it needs, such as a schema registry, does not work. This method does not catch it, nor
   * other errors that do not depend on the record, such as a missing class or a lack of memory, nor
   * any exception in a thread that was interrupted. In an engine they end the run.
   */
  static ParseResult of(CallParser parser, CallRecord record) {
    Throwable failure;
    try {
      ParseResult result = parser.parse(record);
      if (result != null) {
        return result;
      }
      failure = null;
    } catch (CallstreamException e) {
      throw e;
    } catch (Exception | StackOverflowError | AssertionError e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      failure = e;
    }
    return new Rejected(
        RejectionReason.FORMAT_FAILED,
        null,
        record.value(),
        failure == null ? "the parser returned null" : detail(failure));
  }

  /**
   * Parses a record that has only a value, as {@link #of(CallParser, CallRecord)} does.
   *
   * @param value the bytes of the record; not modified
   */
  static ParseResult of(CallParser parser, byte[] value) {
    return of(parser, CallRecord.of(value));
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

  /**
   * The record is valid, and has one call or several.
   *
   * @param call the first call
   * @param others the calls after the first one
   */
  record Parsed(Call call, List<Call> others) implements ParseResult {
    /** Copies {@code others}. */
    public Parsed {
      Objects.requireNonNull(call, "call");
      others = List.copyOf(others);
    }

    /** Creates the result of a record with one call. */
    public Parsed(Call call) {
      this(call, List.of());
    }

    /**
     * Returns the result of a record with calls.
     *
     * @throws IllegalArgumentException if the list is empty; reject such a record instead
     */
    public static Parsed of(List<Call> calls) {
      if (calls.isEmpty()) {
        throw new IllegalArgumentException(
            "The record has no call; return a rejection with a reason instead");
      }
      return new Parsed(calls.get(0), calls.subList(1, calls.size()));
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
