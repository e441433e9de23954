package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.internal.files.DamagedFileException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager.CancellableFSDataOutputStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs with the manager for local disks, and with the one that Spark chooses for other file
 * systems.
 */
class ChecksummedFileManagerTest {
  private static final byte[] CONTENT = "v1\n{\"nextBatchWatermarkMs\":0}".getBytes(UTF_8);

  @TempDir java.nio.file.Path directory;

  private ChecksummedFileManager files(boolean local) {
    Configuration configuration = new Configuration();
    if (local) {
      configuration.set(
          "spark.callstream.checkpointFileManagerClass",
          LocalCheckpointFileManager.class.getName());
    }
    return new ChecksummedFileManager(path("."), configuration);
  }

  private Path path(String name) {
    return new Path(directory.resolve(name).toUri());
  }

  private void write(ChecksummedFileManager files, String name) throws IOException {
    try (CancellableFSDataOutputStream out = files.createAtomic(path(name), true)) {
      ((OutputStream) out).write(CONTENT[0]);
      ((OutputStream) out).write(CONTENT, 1, CONTENT.length - 1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void addsAChecksumThatReadersDoNotSee(boolean local) throws IOException {
    ChecksummedFileManager files = files(local);
    write(files, "metadata");
    CRC32 crc = new CRC32();
    crc.update("metadata".getBytes(UTF_8));
    crc.update(CONTENT);
    assertThat(Files.readString(directory.resolve("metadata")))
        .isEqualTo(new String(CONTENT, UTF_8) + "checksum %08x\n".formatted(crc.getValue()));
    try (FSDataInputStream in = files.open(path("metadata"))) {
      assertThat(in.readAllBytes()).isEqualTo(CONTENT);
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void refusesAFileFromAnotherPlaceOfTheCheckpoint(boolean local) throws IOException {
    ChecksummedFileManager files = files(local);
    Map<String, String> misplaced =
        Map.of(
            "state/0/0/4.delta", "state/0/0/5.delta",
            "state/0/1/5.delta", "state/0/0/5.delta",
            "state/1/0/5.delta", "state/0/0/5.delta",
            "offsets/4", "offsets/5",
            "commits/4", "offsets/4");
    for (Map.Entry<String, String> move : misplaced.entrySet()) {
      Files.createDirectories(directory.resolve(move.getKey()).getParent());
      Files.createDirectories(directory.resolve(move.getValue()).getParent());
      write(files, move.getKey());
      files.open(path(move.getKey())).close();
      write(files, move.getValue());
      Files.copy(
          directory.resolve(move.getKey()),
          directory.resolve(move.getValue()),
          StandardCopyOption.REPLACE_EXISTING);
      java.nio.file.Path target = directory.resolve(move.getValue());
      Files.deleteIfExists(target.resolveSibling("." + target.getFileName() + ".crc"));
      assertThatThrownBy(() -> files.open(path(move.getValue())))
          .as("%s", move)
          .isInstanceOf(DamagedFileException.class)
          .hasMessageContainingAll(move.getValue(), "misplaced");
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void acceptsACheckpointThatMovedAsAWhole(boolean local) throws IOException {
    Files.createDirectories(directory.resolve("first/state/0/0"));
    write(files(local), "first/state/0/0/5.delta");
    Files.move(directory.resolve("first"), directory.resolve("second"));
    try (FSDataInputStream in = files(local).open(path("second/state/0/0/5.delta"))) {
      assertThat(in.readAllBytes()).isEqualTo(CONTENT);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void refusesAFileWithAFlippedBitBeforeItIsRead(boolean local) throws IOException {
    ChecksummedFileManager files = files(local);
    write(files, "0");
    byte[] whole = Files.readAllBytes(directory.resolve("0"));
    for (int i = 0; i < whole.length; i++) {
      // Hadoop's local file system would detect the damage by its own checksum, which other file
      // systems do not have.
      Files.deleteIfExists(directory.resolve(".0.crc"));
      byte[] flipped = whole.clone();
      flipped[i] ^= 1;
      Files.write(directory.resolve("0"), flipped);
      assertThatThrownBy(() -> files.open(path("0")))
          .isInstanceOf(DamagedFileException.class)
          .hasMessageContaining(directory.resolve("0").toString());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void readsALargeFileAsASmallOne(boolean local) throws IOException {
    ChecksummedFileManager files = files(local);
    byte[] content = new byte[9 << 20];
    new Random(1).nextBytes(content);
    try (CancellableFSDataOutputStream out = files.createAtomic(path("large"), true)) {
      ((OutputStream) out).write(content);
    }
    try (FSDataInputStream in = files.open(path("large"))) {
      assertThat(in.readAllBytes()).isEqualTo(content);
      assertThat(in.read()).isEqualTo(-1);
    }
    Files.deleteIfExists(directory.resolve(".large.crc"));
    try (RandomAccessFile file = new RandomAccessFile(directory.resolve("large").toFile(), "rw")) {
      file.seek(content.length / 2);
      file.write(content[content.length / 2] ^ 1);
    }
    assertThatThrownBy(() -> files.open(path("large"))).isInstanceOf(DamagedFileException.class);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void leavesNothingOfAFileThatIsCanceled(boolean local) throws IOException {
    ChecksummedFileManager files = files(local);
    CancellableFSDataOutputStream out = files.createAtomic(path("0"), true);
    ((OutputStream) out).write(CONTENT);
    out.cancel();
    out.close();
    assertThat(files.exists(path("0"))).isFalse();
    assertThatThrownBy(() -> files.open(path("0"))).isInstanceOf(FileNotFoundException.class);
  }
}
