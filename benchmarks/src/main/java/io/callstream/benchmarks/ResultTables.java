package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.callstream.pipeline.BatchResults;
import io.callstream.statistic.CodeTable;
import io.callstream.statistic.RadioCodes;
import io.callstream.statistic.StandardStatistics;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Simulates an external key-value store: one table for each statistic and window, which maps
 * dimensions to counts. Not thread-safe.
 *
 * <p>A harness compares the checksums of the first two standard statistics with the exact result:
 * the number of rows, the sum of their counts, and the sum of their hashes. They do not depend on
 * the order of rows. The hash of a row is the first eight bytes of the MD5 of its fields, separated
 * by tabs.
 */
final class ResultTables {
  /** The name of the statistic with the prefix {@code b}. */
  static final String HOURLY = StandardStatistics.callsByTypeAndDispositionHourly().name();

  private static final String BY_TYPE = StandardStatistics.callsByType().name();

  /** The key of the only table of a statistic without windows. */
  private static final Instant NO_WINDOW = Instant.MIN;

  private final Map<String, Map<Instant, Map<List<String>, Long>>> tables = new HashMap<>();
  private int batches;

  /** Stores the rows that a batch changed. */
  void put(BatchResults batch) {
    batches++;
    batch
        .updates()
        .forEach(
            (statistic, results) -> {
              Map<Instant, Map<List<String>, Long>> windows =
                  tables.computeIfAbsent(statistic, name -> new HashMap<>());
              results.stream()
                  .forEach(
                      row ->
                          windows
                              .computeIfAbsent(
                                  row.window().map(w -> w.start()).orElse(NO_WINDOW),
                                  start -> new HashMap<>())
                              .put(row.dimensions(), row.count()));
            });
  }

  private static final class Checksum {
    private final MessageDigest md5;
    private long rows;
    private long calls;
    private long hash;

    Checksum() throws NoSuchAlgorithmException {
      md5 = MessageDigest.getInstance("MD5");
    }

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

  /** Writes the number of batches and the checksums. */
  void writeTo(ObjectNode line) throws NoSuchAlgorithmException {
    CodeTable codes = RadioCodes.sanFrancisco();
    Checksum byType = new Checksum();
    table(BY_TYPE)
        .values()
        .forEach(rows -> rows.forEach((type, count) -> byType.add(count, type.get(0))));
    Checksum hourly = new Checksum();
    table(HOURLY)
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
    line.put("batches", batches);
    byType.writeTo(line, "a");
    hourly.writeTo(line, "b");
  }

  private Map<Instant, Map<List<String>, Long>> table(String statistic) {
    return tables.getOrDefault(statistic, Map.of());
  }
}
