package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Turns records into calls. Keeps buffers and a dictionary of recent texts from record to record,
 * and so is not thread-safe: each task has its own, from {@link CallFormat#parser}.
 */
public interface CallParser {
  /**
   * Parses one record. A parser should return a verdict for any bytes, and take time in proportion
   * to their number. Engines reject a record on which it throws: see {@link ParseResult#of}.
   *
   * @param value the record's bytes, which are not modified
   * @return a call, or why the record is none
   */
  ParseResult parse(byte[] value);

  /**
   * Returns the id that a record names, in UTF-8: the call's id if the record is a call. A format
   * may tell it of records too that are rejected for another reason. As {@link #parse}, never
   * throws.
   *
   * @param value the record's bytes, which are not modified
   * @return null if the record names no id, or perhaps if {@link CallField#ID} was not asked for
   */
  default byte @Nullable [] id(byte[] value) {
    return parse(value) instanceof ParseResult.Parsed parsed && parsed.call().has(CallField.ID)
        ? parsed.call().id().getBytes(UTF_8)
        : null;
  }

  /**
   * Returns the id of a call in UTF-8, without building the call: what {@link #id} returns if
   * {@link #parse} accepts the record. Never throws for what the bytes contain.
   *
   * @param value the record's bytes, which are not modified
   * @return null if the record is not a call, or is a call without an id; also null if {@link
   *     CallField#ID} was not asked for and the parser needs it
   */
  default byte @Nullable [] idOfCall(byte[] value) {
    return parse(value) instanceof ParseResult.Parsed parsed && parsed.call().has(CallField.ID)
        ? parsed.call().id().getBytes(UTF_8)
        : null;
  }

  /**
   * Returns the id of a call as {@link #idOfCall(byte[])} does, from the texts of the record's
   * fields. A source that found them in reading thus spares another walk over the record.
   *
   * @param texts returns the text of a field by its name, in UTF-8 and without control characters;
   *     null if the record may lack it. All values of the record are texts
   * @return null if the texts do not show that the record is a call, which is always so by default
   */
  default byte @Nullable [] idOfCall(Function<String, byte @Nullable []> texts) {
    return null;
  }

  /**
   * Returns which of {@link CallField#ID}, {@link CallField#CRIME_TYPE} and {@link CallField#TIME}
   * a rejected record lacks or has in a form that cannot be read. The default knows only whether
   * the record has an id, and counts the other two as unreadable. Never throws for what the bytes
   * contain.
   *
   * @param value the bytes of a record that {@link #parse} rejects, which are not modified
   */
  default Set<CallField> unreadable(byte[] value) {
    Set<CallField> fields = EnumSet.of(CallField.CRIME_TYPE, CallField.TIME);
    if (id(value) == null) {
      fields.add(CallField.ID);
    }
    return fields;
  }
}
