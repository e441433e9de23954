package io.callstream.spark;

import io.callstream.pipeline.DeadLetter;
import io.callstream.runtime.CallCounter;
import io.callstream.runtime.Letters;
import io.callstream.runtime.TaskReport;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import scala.Tuple2;

/** Collects the rows that a task puts out. Not thread-safe. */
final class TaskRows {
  private static final int LETTER_CHUNK_BYTES = 1 << 20;
  private static final byte[] EVICTION = {};

  private final String task;
  private final List<Tuple2<String, byte[]>> rows = new ArrayList<>();
  private final ByteArrayOutputStream letters = new ByteArrayOutputStream();
  private int chunks;

  /** Starts the rows of a task; its name is its own among those of a batch. */
  TaskRows(String task) {
    this.task = task;
  }

  void add(DeadLetter letter) {
    try {
      Letters.write(letter, new DataOutputStream(letters));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (letters.size() >= LETTER_CHUNK_BYTES) {
      endChunk();
    }
  }

  private void endChunk() {
    rows.add(new Tuple2<>(RowKey.letters(task, chunks++), letters.toByteArray()));
    letters.reset();
  }

  void addPartials(CallCounter counter) {
    counter.forEachPartial(
        (statistic, window, block) ->
            rows.add(new Tuple2<>(RowKey.window(statistic, window), block)));
  }

  void addEviction(int statistic, long windowStart) {
    rows.add(new Tuple2<>(RowKey.window(statistic, windowStart), EVICTION));
  }

  static boolean isEviction(byte[] row) {
    return row.length == 0;
  }

  void add(String key, byte[] bytes) {
    rows.add(new Tuple2<>(key, bytes));
  }

  void add(TaskReport report) {
    rows.add(new Tuple2<>(RowKey.report(task), report.toBytes()));
  }

  List<Tuple2<String, byte[]>> finish() {
    if (letters.size() > 0) {
      endChunk();
    }
    return rows;
  }
}
