package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager.CancellableFSDataOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalCheckpointFileManagerTest {
  @TempDir java.nio.file.Path directory;

  private void write(String name, boolean overwrite) throws IOException {
    Path root = new Path(directory.toUri());
    CancellableFSDataOutputStream out =
        new LocalCheckpointFileManager(root, new Configuration())
            .createAtomic(new Path(root, name), overwrite);
    ((OutputStream) out).write(7);
    out.close();
  }

  private void requireNoDraft() throws IOException {
    try (Stream<java.nio.file.Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(directory.resolve("0"));
    }
  }

  @Test
  void deletesTheDraftOfAFileThatExistsAlready() throws IOException {
    Files.createFile(directory.resolve("0"));
    assertThatThrownBy(() -> write("0", false)).isInstanceOf(FileAlreadyExistsException.class);
    assertThat(directory.resolve("0")).isEmptyFile();
    requireNoDraft();
  }

  @Test
  void deletesTheDraftThatCannotBeRenamed() throws IOException {
    Files.createDirectories(directory.resolve("0/1"));
    assertThatThrownBy(() -> write("0", true)).isInstanceOf(IOException.class);
    requireNoDraft();
  }
}
