package io.callstream.internal.task;

import io.callstream.call.Call;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The ids of counted calls, with the watermarks at which they are forgotten. Any other call with a
 * known id is a duplicate.
 */
public final class SeenCalls extends KnownCalls<Long> {
  private final long horizonMillis;

  /** Creates a set of ids from the result of {@link #toBytes()}, or an empty set. */
  public SeenCalls(long horizonMillis, byte @Nullable [] state) {
    this.horizonMillis = horizonMillis;
    if (state != null) {
      add(state);
    }
  }

  @Override
  boolean isDuplicate(Long known, Long next, Call call) {
    return true;
  }

  @Override
  Long remember(Call call, long batch) {
    return call.epochMillis() + horizonMillis;
  }

  @Override
  Earlier earlier(String id, Long known) {
    throw new AssertionError("A call with a known id is a duplicate");
  }

  @Override
  long expiry(Long known) {
    return known;
  }

  @Override
  void writeHeader(Iterable<Long> some, DataOutputStream out) {}

  @Override
  void write(Long expiry, DataOutputStream out) throws IOException {
    out.writeLong(expiry);
  }

  @Override
  void readHeader(DataInputStream in) {}

  @Override
  Long read(DataInputStream in) throws IOException {
    return in.readLong();
  }
}
