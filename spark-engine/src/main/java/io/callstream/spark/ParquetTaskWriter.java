package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the files of one attempt of a task, one for each statistic that it changes. Their names
 * contain the id of the attempt, and the driver publishes only files of attempts that have
 * committed, so other attempts have no effect, whenever they write.
 */
final class ParquetTaskWriter implements TaskWriter {
  private static final Logger LOG = LoggerFactory.getLogger(ParquetTaskWriter.class);

  private final Tasks tasks;
  private final Attempt attempt;
  private final Configuration hadoop;
  private final Map<String, ParquetFile> files = new LinkedHashMap<>();
  private boolean isCommitted;

  private ParquetTaskWriter(Tasks tasks, Attempt attempt) {
    this.tasks = tasks;
    this.attempt = attempt;
    this.hadoop = tasks.hadoop().value();
  }

  /**
   * What tasks of a run need.
   *
   * @param staging the directory of the run for files that are not published
   */
  record Tasks(SerializableConfiguration hadoop, String staging, String codec) implements Factory {
    private static final long serialVersionUID = 1L;

    @Override
    public TaskWriter open(Attempt attempt) {
      return new ParquetTaskWriter(this, attempt);
    }

    /** Returns a description without the settings, which may be secret. */
    @Override
    public String toString() {
      return "tasks that write Parquet files";
    }
  }

  /**
   * A file of a task.
   *
   * @param name part-TASK-ATTEMPT.parquet
   */
  record Written(String statistic, String name) {
    /** Returns the files in the message of a task. */
    static List<Written> of(byte[] message) {
      List<String> lines = new String(message, UTF_8).lines().toList();
      return lines.stream().skip(1).map(line -> new Written(line, lines.get(0))).toList();
    }

    /** Returns the file in a directory with a directory for each statistic. */
    Path in(Path directory) {
      return new Path(new Path(directory, statistic), name);
    }
  }

  static Path directory(Path staging, long batch) {
    return new Path(staging, "tasks-" + batch);
  }

  private String name() {
    return "part-" + attempt.task() + "-" + attempt.id() + ".parquet";
  }

  @Override
  public void write(Results changed) throws IOException {
    String statistic = changed.statistic().name();
    ParquetFile file = files.get(statistic);
    if (file == null) {
      Path directory = directory(new Path(tasks.staging()), attempt.batch());
      Path path = new Written(statistic, name()).in(directory);
      file = new ParquetFile(path, hadoop, tasks.codec(), changed.statistic());
      files.put(statistic, file);
    }
    file.write(changed);
  }

  @Override
  public byte[] commit() throws IOException {
    List<String> lines = new ArrayList<>(List.of(name()));
    for (Map.Entry<String, ParquetFile> file : files.entrySet()) {
      file.getValue().close();
      if (file.getValue().exists()) {
        lines.add(file.getKey());
      }
    }
    isCommitted = true;
    return String.join("\n", lines).getBytes(UTF_8);
  }

  @Override
  public void close() {
    if (!isCommitted) {
      files.values().forEach(this::discard);
    }
    files.clear();
  }

  /** Deletes a file. If this fails, the driver deletes it with the directory. */
  private void discard(ParquetFile file) {
    try (file) {
      LOG.debug("{} is discarded", file.path());
    } catch (IOException | RuntimeException e) {
      LOG.debug("{} can't be completed", file.path(), e);
    }
    try {
      if (file.exists()) {
        boolean ignored = file.path().getFileSystem(hadoop).delete(file.path(), false);
      }
    } catch (IOException | UncheckedIOException e) {
      LOG.debug("{} can't be deleted", file.path(), e);
    }
  }
}
