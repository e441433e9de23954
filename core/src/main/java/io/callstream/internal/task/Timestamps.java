package io.callstream.internal.task;

import io.callstream.progress.Progress.Latency;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A summary of the timestamps of records, from which the age of the records can be computed.
 *
 * @param records the number of records with a timestamp; the others do not count
 * @param leastMillis the least, in milliseconds since the epoch
 * @param meanMillis the mean, in milliseconds since the epoch
 */
public record Timestamps(long records, long leastMillis, double meanMillis) {
  public static final Timestamps NONE = new Timestamps(0, 0, 0);

  public Timestamps plus(Timestamps that) {
    if (records == 0 || that.records == 0) {
      return records == 0 ? that : this;
    }
    long both = records + that.records;
    return new Timestamps(
        both,
        Math.min(leastMillis, that.leastMillis),
        meanMillis + (that.meanMillis - meanMillis) * ((double) that.records / both));
  }

  /** Returns the age of the records at a moment. The age is at least 0, even if clocks differ. */
  public Optional<Latency> at(Instant moment) {
    if (records == 0) {
      return Optional.empty();
    }
    double mean = Math.max(0, moment.toEpochMilli() - meanMillis);
    return Optional.of(
        new Latency(
            Duration.ofMillis(Math.round(mean)),
            Duration.ofMillis(Math.max(0, moment.toEpochMilli() - leastMillis))));
  }

  void writeTo(DataOutputStream out) throws IOException {
    out.writeLong(records);
    out.writeLong(leastMillis);
    out.writeDouble(meanMillis);
  }

  static Timestamps read(DataInputStream in) throws IOException {
    return new Timestamps(in.readLong(), in.readLong(), in.readDouble());
  }
}
