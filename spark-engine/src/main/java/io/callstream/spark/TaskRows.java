package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.DeadLetterFormat;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.DeadLetter;
import io.callstream.spark.TaskDeadLetterDirectory.LetterFile;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * Collects the rows that a task emits. A batch can have any number of dead letters. Therefore dead
 * letters beyond some megabytes go to a file, and only the name of the file becomes a row. Not
 * thread-safe.
 */
final class TaskRows implements AutoCloseable {
  private static final int LETTER_BYTES_IN_ROW = 4 << 20;
  private static final byte[] EVICTION = {};

  private final int task;
  private final TaskDeadLetterDirectory letterDirectory;
  private final List<Tuple2<byte[], byte[]>> rows = new ArrayList<>();
  private final ByteArrayOutputStream letters = new ByteArrayOutputStream();
  private @Nullable LetterFile file;

  TaskRows(int task, TaskDeadLetterDirectory letterDirectory) {
    this.task = task;
    this.letterDirectory = letterDirectory;
  }

  void add(DeadLetter letter) {
    try {
      if (letters.size() < LETTER_BYTES_IN_ROW) {
        DeadLetterFormat.write(letter, new DataOutputStream(letters));
      } else {
        if (file == null) {
          file = letterDirectory.create(task);
        }
        DeadLetterFormat.write(letter, file.out());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds the partial results of all windows, each split into the shards of its window. */
  void addPartials(TaskPlan plan, CallCounter counter, ShardCounts shards) {
    counter.forEachPartial(
        (statistic, window, block) -> {
          List<RowKey> keys = shards.keys(plan.starts().get(statistic).slot(), window);
          byte[][] parts =
              keys.size() == 1 ? new byte[][] {block} : BlockMerger.split(block, keys.size());
          for (int i = 0; i < parts.length; i++) {
            if (parts[i].length > 0) {
              add(keys.get(i), parts[i]);
            }
          }
        });
  }

  void addEviction(int slot, long windowStart, ShardCounts shards) {
    shards.keys(slot, windowStart).forEach(key -> add(key, EVICTION));
  }

  static boolean isEviction(byte[] row) {
    return row.length == 0;
  }

  void add(RowKey key, byte[] bytes) {
    rows.add(new Tuple2<>(key.toBytes(), bytes));
  }

  void add(TaskReport report) {
    add(RowKey.of(RowKey.Kind.REPORT, task), report.toBytes());
  }

  List<Tuple2<byte[], byte[]>> finish() throws IOException {
    if (letters.size() > 0) {
      DeadLetterFormat.writeEnd(new DataOutputStream(letters));
      add(RowKey.of(RowKey.Kind.LETTERS, task), letters.toByteArray());
    }
    if (file != null) {
      DeadLetterFormat.writeEnd(file.out());
      file.out().close();
      add(RowKey.of(RowKey.Kind.LETTER_FILE, task), file.name().getBytes(UTF_8));
      file = null;
    }
    return rows;
  }

  /** Discards the file of a task that failed. */
  @Override
  public void close() throws IOException {
    if (file != null) {
      file.discard();
    }
  }
}
