package io.callstream.pipeline;

import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A record that was read and is not, or not everywhere, in the results. */
public sealed interface DeadLetter {
  /** Returns where the record came from. */
  Origin origin();

  /** Returns the record's bytes as they came, null if it had none; not to be modified. */
  byte @Nullable [] value();

  /**
   * A record that is no call.
   *
   * @param reason why not
   * @param field the field, as the record names it, that is the reason; null if it is the whole
   * @param detail the class and the message of the exception if the format failed, or what a format
   *     adds to another reason; null if there is none; may have content of the record; at most
   *     {@link ParseResult#MAX_DETAIL} characters
   */
  record Rejected(
      Origin origin,
      byte @Nullable [] value,
      RejectionReason reason,
      @Nullable String field,
      @Nullable String detail)
      implements DeadLetter {
    /** Creates a letter without a detail. */
    public Rejected(
        Origin origin, byte @Nullable [] value, RejectionReason reason, @Nullable String field) {
      this(origin, value, reason, field, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Rejected that
          && origin.equals(that.origin)
          && Arrays.equals(value, that.value)
          && reason == that.reason
          && Objects.equals(field, that.field)
          && Objects.equals(detail, that.detail);
    }

    @Override
    public int hashCode() {
      return origin.hashCode();
    }

    @Override
    public String toString() {
      return "Rejected[" + reason.code() + (field == null ? "" : " " + field) + " " + origin + "]";
    }
  }

  /**
   * A call that came too late for some statistics.
   *
   * @param missed the windows in which it is not counted, by statistics and then by start; at least
   *     one; not copied, not to be modified
   */
  record Late(Origin origin, byte @Nullable [] value, List<MissedWindow> missed)
      implements DeadLetter {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Late that
          && origin.equals(that.origin)
          && Arrays.equals(value, that.value)
          && missed.equals(that.missed);
    }

    @Override
    public int hashCode() {
      return origin.hashCode();
    }

    @Override
    public String toString() {
      return "Late[" + missed + " " + origin + "]";
    }
  }

  /**
   * A window in which a late call is not counted.
   *
   * @param statistic the name of the statistic
   * @param window the window
   */
  record MissedWindow(String statistic, WindowBounds window) {}
}
