package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.internal.ledger.Ledger;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verifies how the archives of RocksDB are read at the start of a run. */
class CheckpointFilesTest {
  private static final int PATIENCE_SECONDS = 60;

  @TempDir java.nio.file.Path directory;

  /** Spark's manager, with an action before it opens an archive. */
  private static final class Archives extends FileSystemBasedCheckpointFileManager {
    private final Callable<?> beforeOpen;

    Archives(Path directory, Callable<?> beforeOpen) {
      super(directory, new Configuration());
      this.beforeOpen = beforeOpen;
    }

    @Override
    public FSDataInputStream open(Path path) {
      if (path.getName().endsWith(".zip")) {
        try {
          beforeOpen.call();
        } catch (Exception e) {
          throw ChecksummedFileManager.sneaky(e);
        }
      }
      return super.open(path);
    }
  }

  private CheckpointFiles checkpoint(int archives, Callable<?> beforeOpen) throws IOException {
    for (String file : List.of("metadata", "sources/0/0", "offsets/0")) {
      create(file);
    }
    for (int i = 0; i < archives; i++) {
      create("state/0/" + i + "/1.zip");
    }
    Path root = new Path(directory.toUri());
    return new CheckpointFiles(root, new Archives(root, beforeOpen));
  }

  private void create(String file) throws IOException {
    Files.createDirectories(directory.resolve(file).getParent());
    Files.createFile(directory.resolve(file));
  }

  @Test
  void readsEightArchivesAtTheSameTime() throws Exception {
    CyclicBarrier eight = new CyclicBarrier(8);
    CheckpointFiles files = checkpoint(16, () -> eight.await(PATIENCE_SECONDS, TimeUnit.SECONDS));
    assertThatCode(() -> files.requireWhole(Ledger.NO_BATCH)).doesNotThrowAnyException();
  }

  @Test
  void reportsARuntimeExceptionOfAFileSystemAsAFailureToRead() throws Exception {
    IllegalStateException closed = new IllegalStateException("the file system is closed");
    CheckpointFiles files =
        checkpoint(
            2,
            () -> {
              throw closed;
            });
    assertThatThrownBy(() -> files.requireWhole(Ledger.NO_BATCH))
        .isInstanceOf(IOException.class)
        .hasCause(closed);
  }

  @Test
  void anInterruptEndsTheReading() throws Exception {
    CountDownLatch reached = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    CheckpointFiles files =
        checkpoint(
            1,
            () -> {
              reached.countDown();
              never.await();
              return null;
            });
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                files.requireWhole(Ledger.NO_BATCH);
                interrupted.complete(false);
              } catch (InterruptedIOException e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
              } catch (IOException | RuntimeException e) {
                interrupted.completeExceptionally(e);
              }
            });
    reader.start();
    assertThat(reached.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
    reader.interrupt();
    assertThat(interrupted.get(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
  }
}
