package io.callstream.examples.cli;

import io.callstream.pipeline.Pipeline;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.TypeConversionException;

/**
 * The value of {@code --max-event-time-jump}.
 *
 * @param limit the greatest jump that needs no confirmation by other calls; null if there is no
 *     limit
 */
record EventTimeJump(@Nullable Duration limit) {
  private static final String UNLIMITED = "unlimited";

  static final EventTimeJump DEFAULT = new EventTimeJump(Pipeline.DEFAULT_MAX_EVENT_TIME_JUMP);

  void addTo(Pipeline.Builder pipeline) {
    if (limit == null) {
      pipeline.withoutMaxEventTimeJump();
    } else {
      pipeline.maxEventTimeJump(limit);
    }
  }

  /** Reads a duration, or {@code unlimited}. */
  static EventTimeJump parse(String value) {
    if (value.trim().toLowerCase(Locale.ROOT).equals(UNLIMITED)) {
      return new EventTimeJump(null);
    }
    try {
      return new EventTimeJump(Durations.parse(value));
    } catch (TypeConversionException e) {
      throw new TypeConversionException(e.getMessage() + ", or as " + UNLIMITED);
    }
  }
}
