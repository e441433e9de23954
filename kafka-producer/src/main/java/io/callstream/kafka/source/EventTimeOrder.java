package io.callstream.kafka.source;

import io.callstream.call.CallFormat;
import java.util.OptionalLong;

/** The records of a source, sorted by event time. */
record EventTimeOrder(CallSource source, CallFormat format, long memoryBytes)
    implements CallSource {
  private static final long MAX_DEFAULT_MEMORY = 256L << 20;

  EventTimeOrder {
    if (memoryBytes < 1) {
      throw new IllegalArgumentException(
          "Sorting by event time in " + memoryBytes + " bytes of memory: at least 1 is needed");
    }
  }

  static long defaultMemory() {
    return Math.min(MAX_DEFAULT_MEMORY, Runtime.getRuntime().maxMemory() / 4);
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public OptionalLong size() {
    return source.size();
  }

  @Override
  public CallRecords open() {
    return new SortedRecords(source.name(), source.open(), format, memoryBytes);
  }
}
