package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The records of a source that are not in a topic yet, as {@link CallSource#identity} compares
 * them. Use it to send the remaining records after sending was interrupted for any reason. It needs
 * no record of the progress: {@link #open} reads the topic and stores a digest of each record,
 * which takes about 100 bytes of memory per record.
 *
 * <p>If the source contains a value n times and the topic contains it m times, n - m of them
 * remain, or none if m is greater. After sending, the topic contains every record of the source at
 * least as often as the source, regardless of the order of both. A record that retention has
 * deleted counts as not sent. So does a record of an aborted transaction, unless the cluster's
 * settings have {@code isolation.level=read_uncommitted}.
 */
public final class UnsentCalls implements CallSource {
  private final CallSource source;
  private final KafkaCluster cluster;
  private final String topic;
  private final AtomicLong skipped = new AtomicLong();
  private volatile @Nullable TopicReader reader;
  private volatile boolean stopped;

  private UnsentCalls(CallSource source, KafkaCluster cluster, String topic) {
    this.source = source;
    this.cluster = cluster;
    this.topic = topic;
  }

  /** Returns the records of a source that are missing in a topic. */
  public static UnsentCalls of(CallSource source, KafkaCluster cluster, String topic) {
    return new UnsentCalls(source, cluster, topic);
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public byte[] identity(byte[] record) {
    return source.identity(record);
  }

  @Override
  public boolean isSynthetic() {
    return source.isSynthetic();
  }

  /**
   * Returns the number of records of the source that were found in the topic since the source was
   * opened.
   */
  public long skipped() {
    return skipped.get();
  }

  /**
   * Reads the topic to its current end, and then starts to read the source.
   *
   * @throws CallstreamException under the conditions of {@link TopicReader#read} and {@link
   *     CallSource#open}, and with {@link ErrorCode#TOPIC} if an open transaction hides a part of
   *     the topic
   */
  @Override
  public CallRecords open() {
    Digests sent = new Digests();
    TopicReader all = TopicReader.of(cluster, topic).fromBeginning();
    reader = all;
    if (!stopped) {
      requireAllReadable();
      all.read(
          record -> {
            byte[] value = record.value();
            if (value != null) {
              sent.add(source.identity(value));
            }
          });
    }
    skipped.set(0);
    return new Rest(source.open(), sent);
  }

  private void requireAllReadable() {
    try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
      admin.requireNothingHeldBack(
          admin.require(topic), "records among them would be sent a second time");
    }
  }

  /** Ends a running read of the topic. Afterwards, {@link #open} returns no records. */
  public void stop() {
    stopped = true;
    TopicReader reading = reader;
    if (reading != null) {
      reading.stop();
    }
  }

  private final class Rest implements CallRecords {
    private final CallRecords records;
    private final Digests sent;
    private byte @Nullable [] next;

    Rest(CallRecords records, Digests sent) {
      this.records = records;
      this.sent = sent;
    }

    @Override
    public boolean hasNext() {
      if (stopped) {
        return false; // A partly read topic does not show which records are missing.
      }
      while (next == null && records.hasNext()) {
        byte[] value = records.next();
        if (sent.remove(source.identity(value))) {
          skipped.incrementAndGet();
        } else {
          next = value;
        }
      }
      return next != null;
    }

    @Override
    public byte[] next() {
      byte[] value = hasNext() ? next : null;
      if (value == null) {
        throw new NoSuchElementException("no record is left of " + name());
      }
      next = null;
      return value;
    }

    @Override
    public List<String> remarks() {
      return records.remarks();
    }

    @Override
    public void close() {
      records.close();
    }
  }

  /** Counts values by the first half of their SHA-256 digest. Not thread-safe. */
  private static final class Digests {
    private final Map<Digest, Integer> counts = new HashMap<>();
    private final MessageDigest sha;

    private record Digest(long high, long low) {}

    Digests() {
      try {
        sha = MessageDigest.getInstance("SHA-256");
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has SHA-256", e);
      }
    }

    void add(byte[] value) {
      counts.merge(digest(value), 1, Integer::sum);
    }

    boolean remove(byte[] value) {
      Digest digest = digest(value);
      boolean known = counts.containsKey(digest);
      counts.computeIfPresent(digest, (d, count) -> count == 1 ? null : count - 1);
      return known;
    }

    private Digest digest(byte[] value) {
      ByteBuffer digest = ByteBuffer.wrap(sha.digest(value));
      return new Digest(digest.getLong(), digest.getLong());
    }
  }
}
