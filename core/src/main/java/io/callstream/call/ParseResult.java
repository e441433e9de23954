package io.callstream.call;

import org.jspecify.annotations.Nullable;

/** The verdict on one record. */
public sealed interface ParseResult {
  /** The record is a call. */
  record Parsed(Call call) implements ParseResult {}

  /**
   * The record is no call.
   *
   * @param reason why not
   * @param field the field, as the record names it, that is the reason; null if it is the whole
   * @param value the record's bytes, as they came; not copied, not to be modified
   */
  record Rejected(RejectionReason reason, @Nullable String field, byte[] value)
      implements ParseResult {
    @Override
    public String toString() {
      return "Rejected[" + reason.code() + (field == null ? "" : " " + field) + "]";
    }
  }
}
