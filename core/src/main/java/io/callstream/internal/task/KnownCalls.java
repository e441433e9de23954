package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.internal.files.Checksum;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The counted calls that a pipeline remembers by their ids. Each is kept until the watermark
 * reaches its event time plus the horizon. Not thread-safe.
 *
 * @param <V> what is remembered of a call
 */
public abstract sealed class KnownCalls<V> permits SeenCalls, CallVersions {
  private final Map<String, V> calls = new HashMap<>();
  private final Map<String, V> newest = new HashMap<>();

  /**
   * The ids by the time at which they expire, so that a batch visits only expired ids. The ids of
   * the last batch are not included yet. The index is created for the second batch; on Spark there
   * is none.
   */
  private @Nullable NavigableMap<Long, List<String>> byExpiry;

  private boolean sifted;

  /**
   * The counted version of a call.
   *
   * @param batch the number of the batch that counted it
   */
  public record Earlier(Call call, long batch) {}

  /** Receives the calls of a batch that are not duplicates. */
  @FunctionalInterface
  public interface Calls {
    /**
     * Receives a call.
     *
     * @param earlier the version that the call replaces; null if the call is new
     */
    void take(PossibleDuplicate call, @Nullable Earlier earlier);
  }

  /** Returns the calls that a plan requires to be remembered, as {@link #toBytes} wrote them. */
  public static KnownCalls<?> of(TaskPlan plan, byte @Nullable [] state) {
    return plan.correctionHorizonMillis().isPresent()
        ? new CallVersions(plan, state)
        : new SeenCalls(plan.distinctHorizonMillis().orElseThrow(), state);
  }

  /** Adds calls that were recorded after those in this set. */
  public final void add(byte[] more) {
    calls.putAll(read(more));
    byExpiry = null;
    sifted = false;
  }

  /**
   * Passes on the calls of a sorted batch that are not duplicates, including all calls without an
   * id. Returns the number of duplicates.
   *
   * @param number the number of the batch
   */
  public final long sift(
      List<PossibleDuplicate> batch, long watermark, long number, Calls receiver) {
    forget(watermark);
    newest.clear();
    long duplicates = 0;
    for (PossibleDuplicate candidate : batch) {
      String id = candidate.call().id();
      if (id.isEmpty()) {
        receiver.take(candidate, null);
        continue;
      }
      V known = calls.get(id);
      V next = remember(candidate.call(), number);
      if (known != null && isDuplicate(known, next, candidate.call())) {
        duplicates++;
        continue;
      }
      calls.put(id, next);
      newest.put(id, next);
      receiver.take(candidate, known == null ? null : earlier(id, known));
    }
    newest.forEach((id, value) -> forget(id, expiry(value), watermark));
    return duplicates;
  }

  /** Returns whether a call, of which {@code next} would be remembered, changes nothing. */
  abstract boolean isDuplicate(V known, V next, Call call);

  abstract V remember(Call call, long batch);

  abstract Earlier earlier(String id, V known);

  /** Returns the watermark at which a call is forgotten. */
  abstract long expiry(V known);

  private void forget(long watermark) {
    if (!sifted) {
      sifted = true;
      calls.values().removeIf(value -> expiry(value) <= watermark);
      return;
    }
    NavigableMap<Long, List<String>> index = byExpiry;
    if (index == null) {
      index = new TreeMap<>();
      byExpiry = index;
      add(calls, index);
    } else {
      add(newest, index);
    }
    NavigableMap<Long, List<String>> expired = index.headMap(watermark, true);
    expired.forEach((expiry, ids) -> ids.forEach(id -> forget(id, expiry, watermark)));
    expired.clear();
  }

  /** Forgets a call that expires at a time, unless a later version of it expires later. */
  private void forget(String id, long expiry, long watermark) {
    V known = expiry <= watermark ? calls.get(id) : null;
    if (known != null && expiry(known) == expiry) {
      calls.remove(id);
    }
  }

  private void add(Map<String, V> some, NavigableMap<Long, List<String>> index) {
    some.forEach(
        (id, value) -> index.computeIfAbsent(expiry(value), e -> new ArrayList<>()).add(id));
  }

  public final int size() {
    return calls.size();
  }

  public final byte[] toBytes() {
    return write(calls);
  }

  /** Returns the calls in parts, by a number of each id. The same calls give the same bytes. */
  final Map<Integer, byte[]> toBytes(ToIntFunction<String> number) {
    Map<Integer, Map<String, V>> parts = new TreeMap<>();
    calls.forEach(
        (id, value) ->
            parts.computeIfAbsent(number.applyAsInt(id), n -> new TreeMap<>()).put(id, value));
    Map<Integer, byte[]> bytes = new TreeMap<>();
    parts.forEach((part, some) -> bytes.put(part, write(some)));
    return bytes;
  }

  /** Returns the calls of the last batch, including those that expired before it. */
  public final byte[] newToBytes() {
    return write(newest);
  }

  private byte[] write(Map<String, V> some) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(some.size() * 24 + 4);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      writeHeader(some.values(), out);
      out.writeInt(some.size());
      for (Map.Entry<String, V> entry : some.entrySet()) {
        byte[] id = entry.getKey().getBytes(UTF_8);
        out.writeInt(id.length);
        out.write(id);
        write(entry.getValue(), out);
      }
      out.writeInt(Checksum.crc(bytes.toByteArray(), 0, bytes.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private Map<String, V> read(byte[] state) {
    int length = state.length - Integer.BYTES;
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
      if (length < 0 || ByteBuffer.wrap(state).getInt(length) != Checksum.crc(state, 0, length)) {
        throw new IOException("the checksum is wrong");
      }
      readHeader(in);
      int size = in.readInt();
      Map<String, V> read = new HashMap<>(Math.max(0, Math.min(size, state.length / 12)) * 2);
      for (int i = 0; i < size; i++) {
        String id = new String(in.readNBytes(in.readInt()), UTF_8);
        read.put(id, read(in));
      }
      return read;
    } catch (IOException | IllegalArgumentException e) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The ids that distinct() or corrections() remembers are damaged. Restore the checkpoint"
              + " directory from a copy, or start with a new one.",
          e);
    }
  }

  /** Writes what several calls have in common. */
  abstract void writeHeader(Iterable<V> some, DataOutputStream out) throws IOException;

  abstract void write(V value, DataOutputStream out) throws IOException;

  abstract void readHeader(DataInputStream in) throws IOException;

  abstract V read(DataInputStream in) throws IOException;
}
