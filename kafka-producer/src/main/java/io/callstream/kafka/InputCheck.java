package io.callstream.kafka;

import io.callstream.call.RejectionReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a producer found wrong with the records of a source that it sent, or tried to send. Records
 * are sent whatever they are; this report tells a wrong file, layout or format from a right one
 * before anything is counted.
 *
 * @param notCalls how many records are not calls in the producer's format, for whatever reason: a
 *     pipeline of that format rejects them
 * @param withoutId how many records have no call id
 * @param withoutTime how many records have no event time that can be read
 * @param withoutType how many records have no type. A record can be in several of these counts, and
 *     one that is not an object is in all of them
 * @param examples the first records that are not calls, one for each reason and field, at most
 *     {@value #MAX_EXAMPLES}, in the order of the source
 * @param remarks what was unusual in the source itself, in sentences without content, such as how
 *     many rows of CSV have too few fields
 */
public record InputCheck(
    long notCalls,
    long withoutId,
    long withoutTime,
    long withoutType,
    List<Example> examples,
    List<String> remarks) {
  /** The most examples that a report has. */
  public static final int MAX_EXAMPLES = 5;

  /** Copies the lists. */
  public InputCheck {
    examples = List.copyOf(examples);
    remarks = List.copyOf(remarks);
  }

  /**
   * A record that is not a call.
   *
   * @param index the record's place in its source, counted from 0
   * @param reason why it is not a call
   * @param field the field that is the reason; null if the record as a whole is
   * @param text the field's value if it has one, cut after {@value #MAX_TEXT} characters; else the
   *     start of the record, cut there and before the first {@code =} or {@code :}, so that no
   *     secret of a wrong file is shown. May hold control characters
   * @param names the names of the record's fields, at most {@value #MAX_NAMES}, each cut like the
   *     text; empty if it is not an object
   */
  public record Example(
      long index, RejectionReason reason, @Nullable String field, String text, List<String> names) {
    /** The most characters of the text. */
    public static final int MAX_TEXT = 40;

    /** The most names. */
    public static final int MAX_NAMES = 32;

    /** Copies the names. */
    public Example {
      names = List.copyOf(names);
    }

    /** Returns the place and the reason, without the record's content. */
    @Override
    public String toString() {
      return "Example[index=" + index + ", reason=" + reason + ", field=" + field + "]";
    }
  }
}
