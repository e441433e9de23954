package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
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
import org.jspecify.annotations.Nullable;

/**
 * The ids of counted calls. Each id is kept until the watermark reaches the event time of its call
 * plus the horizon. Not thread-safe.
 */
public final class SeenCalls {
  private final long horizonMillis;
  private final Map<String, Long> expiries;
  private final Map<String, Long> newest = new HashMap<>();

  /**
   * The ids by the time at which they expire, so that a batch visits only expired ids. The ids of
   * the last batch are not included yet. The index is created for the second batch; on Spark there
   * is none.
   */
  private @Nullable NavigableMap<Long, List<String>> byExpiry;

  private boolean sifted;

  /** Creates a set of ids from the result of {@link #toBytes()}, or an empty set. */
  public SeenCalls(long horizonMillis, byte @Nullable [] state) {
    this.horizonMillis = horizonMillis;
    this.expiries = state == null ? new HashMap<>() : read(state);
  }

  /** Adds ids that were recorded after those in this set. */
  public void add(byte[] more) {
    expiries.putAll(read(more));
    byExpiry = null;
    sifted = false;
  }

  /** Receives the first call of each id in a batch. */
  @FunctionalInterface
  public interface Firsts {
    void first(PossibleDuplicate candidate);
  }

  /**
   * Passes on the first calls of a sorted batch, and all calls without an id. Returns the number of
   * duplicates.
   */
  public long sift(List<PossibleDuplicate> batch, long watermark, Firsts firsts) {
    forget(watermark);
    newest.clear();
    long duplicates = 0;
    for (PossibleDuplicate candidate : batch) {
      long expiry = candidate.call().epochMillis() + horizonMillis;
      if (candidate.call().id().isEmpty()) {
        firsts.first(candidate);
      } else if (expiries.putIfAbsent(candidate.call().id(), expiry) == null) {
        newest.put(candidate.call().id(), expiry);
        firsts.first(candidate);
      } else {
        duplicates++;
      }
    }
    newest
        .entrySet()
        .removeIf(id -> id.getValue() <= watermark && expiries.remove(id.getKey(), id.getValue()));
    return duplicates;
  }

  private void forget(long watermark) {
    if (!sifted) {
      sifted = true;
      expiries.values().removeIf(expiry -> expiry <= watermark);
      return;
    }
    NavigableMap<Long, List<String>> index = byExpiry;
    if (index == null) {
      index = new TreeMap<>();
      byExpiry = index;
      add(expiries, index);
    } else {
      add(newest, index);
    }
    NavigableMap<Long, List<String>> expired = index.headMap(watermark, true);
    expired.forEach((expiry, ids) -> ids.forEach(id -> expiries.remove(id, expiry)));
    expired.clear();
  }

  private static void add(Map<String, Long> expiries, NavigableMap<Long, List<String>> index) {
    expiries.forEach((id, expiry) -> index.computeIfAbsent(expiry, e -> new ArrayList<>()).add(id));
  }

  public int size() {
    return expiries.size();
  }

  public byte[] toBytes() {
    return write(expiries);
  }

  public byte[] newToBytes() {
    return write(newest);
  }

  private static byte[] write(Map<String, Long> expiries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(expiries.size() * 24 + 4);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(expiries.size());
      for (Map.Entry<String, Long> entry : expiries.entrySet()) {
        byte[] id = entry.getKey().getBytes(UTF_8);
        out.writeInt(id.length);
        out.write(id);
        out.writeLong(entry.getValue());
      }
      out.writeInt(Checksum.crc(bytes.toByteArray(), 0, bytes.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static Map<String, Long> read(byte[] state) {
    int length = state.length - Integer.BYTES;
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
      if (length < 0 || ByteBuffer.wrap(state).getInt(length) != Checksum.crc(state, 0, length)) {
        throw new IOException("the checksum is wrong");
      }
      int size = in.readInt();
      Map<String, Long> expiries =
          new HashMap<>(Math.max(0, Math.min(size, state.length / 12)) * 2);
      for (int i = 0; i < size; i++) {
        String id = new String(in.readNBytes(in.readInt()), UTF_8);
        expiries.put(id, in.readLong());
      }
      return expiries;
    } catch (IOException | IllegalArgumentException e) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The ids that distinct() remembers are damaged. Restore the checkpoint directory from a"
              + " copy, or start with a new one.",
          e);
    }
  }
}
