package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.statistic.Lookup;
import io.callstream.statistic.StandardStatistics;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The checksums of the first two standard statistics, which a harness compares with the exact
 * result: the number of rows, the sum of their counts, and the sum of their hashes. They do not
 * depend on the order of rows. The hash of a row is the first eight bytes of the MD5 of its fields,
 * separated by tabs.
 */
final class ResultChecksums {
  /** The name of the statistic with the prefix {@code b}. */
  static final String HOURLY = StandardStatistics.callsByTypeAndDispositionHourly().name();

  private static final String BY_TYPE = StandardStatistics.callsByType().name();

  private final MessageDigest md5;
  private final Checksum byType = new Checksum();
  private final Checksum hourly = new Checksum();

  private final class Checksum {
    private long rows;
    private long calls;
    private long hash;

    void add(long count, String... fields) {
      rows++;
      calls += count;
      String row = String.join("\t", fields) + '\t' + count;
      hash += ByteBuffer.wrap(md5.digest(row.getBytes(UTF_8))).getLong();
    }

    void writeTo(ObjectNode line, String prefix) {
      line.put(prefix + "_rows", rows);
      line.put(prefix + "_sum", calls);
      line.put(prefix + "_hash", Long.toHexString(hash));
    }
  }

  /** Computes the checksums; {@code codes} describes dispositions. */
  ResultChecksums(ResultStore store, Lookup codes) throws NoSuchAlgorithmException {
    md5 = MessageDigest.getInstance("MD5");
    store
        .table(BY_TYPE)
        .values()
        .forEach(rows -> rows.forEach((type, count) -> byType.add(count, type.get(0))));
    store
        .table(HOURLY)
        .forEach(
            (start, rows) ->
                rows.forEach(
                    (group, count) ->
                        hourly.add(
                            count,
                            Long.toString(start.toEpochMilli()),
                            group.get(0),
                            group.get(1),
                            codes.description(group.get(1)))));
  }

  void writeTo(ObjectNode line) {
    byType.writeTo(line, "a");
    hourly.writeTo(line, "b");
  }
}
