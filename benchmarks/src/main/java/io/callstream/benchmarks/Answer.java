package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.statistic.Lookup;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * An answer in numbers that can be held against the right one: rows, the sum of their counts, and
 * the sum of their hashes, for which their order does not matter. The hash of a row is the first
 * eight bytes of the MD5 of its fields, separated by tabs.
 */
final class Answer {
  /** The statistic that is answer A. */
  static final String BY_TYPE = "calls-by-type";

  /** The statistic that is answer B. */
  static final String HOURLY = "calls-by-type-and-disposition-hourly";

  private final MessageDigest md5;
  private final Sum byType = new Sum();
  private final Sum hourly = new Sum();

  private final class Sum {
    private long rows;
    private long calls;
    private long hash;

    void add(String key, long count) {
      rows++;
      calls += count;
      hash += ByteBuffer.wrap(md5.digest((key + '\t' + count).getBytes(UTF_8))).getLong();
    }

    void writeTo(EndToEnd.JsonLine line, String prefix) {
      line.put(prefix + "_rows", rows);
      line.put(prefix + "_sum", calls);
      line.put(prefix + "_hash", Long.toHexString(hash));
    }
  }

  /** Reads the answer; {@code codes} describe dispositions. */
  Answer(Store store, Lookup codes) throws NoSuchAlgorithmException {
    md5 = MessageDigest.getInstance("MD5");
    store
        .table(BY_TYPE)
        .values()
        .forEach(rows -> rows.forEach((type, count) -> byType.add(type.get(0), count)));
    store
        .table(HOURLY)
        .forEach(
            (start, rows) ->
                rows.forEach(
                    (group, count) ->
                        hourly.add(
                            String.join(
                                "\t",
                                Long.toString(start.toEpochMilli()),
                                group.get(0),
                                group.get(1),
                                codes.description(group.get(1))),
                            count)));
  }

  void writeTo(EndToEnd.JsonLine line) {
    byType.writeTo(line, "a");
    hourly.writeTo(line, "b");
  }
}
