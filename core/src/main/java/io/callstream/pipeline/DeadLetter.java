package io.callstream.pipeline;

import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A record that is missing from some or all results, because it was rejected or late. */
public sealed interface DeadLetter {
  /** Returns the origin of the record. */
  Origin origin();

  /** Returns the original bytes of the record, or null if it has none. Must not be modified. */
  byte @Nullable [] value();

  /**
   * A record that cannot be parsed as a call.
   *
   * @param origin the origin of the record
   * @param value the original bytes of the record; null if it has none
   * @param reason the reason for the rejection
   * @param field the field that caused the rejection, by its name in the record; null if the whole
   *     record is the cause
   * @param detail the class and the message of the exception if the format failed, or an
   *     explanation by the format; may include content of the record; at most {@link
   *     ParseResult#MAX_DETAIL} characters; null if there is none
   */
  record Rejected(
      Origin origin,
      byte @Nullable [] value,
      RejectionReason reason,
      @Nullable String field,
      @Nullable String detail)
      implements DeadLetter {
    /** Creates a dead letter without a detail. */
    public Rejected(
        Origin origin, byte @Nullable [] value, RejectionReason reason, @Nullable String field) {
      this(origin, value, reason, field, null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Rejected that
          && origin.equals(that.origin)
          && Arrays.equals(value, that.value)
          && reason.equals(that.reason)
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
   * A call that arrived too late for some statistics.
   *
   * @param origin the origin of the record
   * @param value the original bytes of the record
   * @param call the index of the call in its record, from 0
   * @param missed the windows that do not count the call, ordered by statistic and then by start;
   *     at least one; not copied, and must not be modified
   */
  record Late(Origin origin, byte @Nullable [] value, int call, List<MissedWindow> missed)
      implements DeadLetter {
    /** Creates the dead letter of the only or first call of a record. */
    public Late(Origin origin, byte @Nullable [] value, List<MissedWindow> missed) {
      this(origin, value, 0, missed);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Late that
          && origin.equals(that.origin)
          && Arrays.equals(value, that.value)
          && call == that.call
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
   * A window that does not count a late call.
   *
   * @param statistic the name of the statistic
   * @param window the window
   */
  record MissedWindow(String statistic, WindowBounds window) {}
}
