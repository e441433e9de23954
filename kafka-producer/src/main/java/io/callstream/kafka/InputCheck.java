package io.callstream.kafka;

import io.callstream.call.RejectionReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The problems that a producer found in the records of a source that it sent or tried to send. The
 * producer also sends invalid records. This report shows whether the file, the layout and the
 * format are right before a pipeline counts anything.
 *
 * @param notCalls the number of records that cannot be parsed as a call in the producer's format,
 *     for any reason; a pipeline with that format rejects them
 * @param withoutId the number of records without a call id
 * @param withoutTime the number of records without a readable event time
 * @param withoutType the number of records without a type. A record can be in several of these
 *     counts, and a record that is not a JSON object is in all of them
 * @param examples the first invalid records, one for each reason and field, at most {@value
 *     #MAX_EXAMPLES}, in the order of the source
 * @param remarks unusual findings in the source itself, as sentences without content of the
 *     records; for example, how many CSV rows have too few fields
 */
public record InputCheck(
    long notCalls,
    long withoutId,
    long withoutTime,
    long withoutType,
    List<Example> examples,
    List<String> remarks) {
  /** The maximum number of examples in a report. */
  public static final int MAX_EXAMPLES = 5;

  /** Copies the lists. */
  public InputCheck {
    examples = List.copyOf(examples);
    remarks = List.copyOf(remarks);
  }

  /**
   * A record that cannot be parsed as a call.
   *
   * @param index the position of the record in its source, starting at 0
   * @param reason why the record is invalid
   * @param field the invalid field; null if the whole record is invalid
   * @param text the value of the field if it has one, truncated to {@value #MAX_TEXT} characters.
   *     Otherwise the start of the record, also truncated before the first {@code =} or {@code :},
   *     so that it does not show a secret from a wrong file. May contain control characters
   * @param names the names of the record's fields, at most {@value #MAX_NAMES}, each truncated like
   *     the text; empty if the record is not an object
   */
  public record Example(
      long index, RejectionReason reason, @Nullable String field, String text, List<String> names) {
    /** The maximum length of the text in characters. */
    public static final int MAX_TEXT = 40;

    /** The maximum number of names. */
    public static final int MAX_NAMES = 32;

    /** Copies the names. */
    public Example {
      names = List.copyOf(names);
    }

    /** Returns the position and the reason, without content of the record. */
    @Override
    public String toString() {
      return "Example[index=" + index + ", reason=" + reason + ", field=" + field + "]";
    }
  }
}
