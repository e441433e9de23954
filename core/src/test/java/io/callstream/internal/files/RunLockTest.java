package io.callstream.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.BufferedReader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks that only one run can lock a directory. */
class RunLockTest {
  private static final int TAKEN = 0;
  private static final int REFUSED = 3;

  @TempDir Path directory;

  /** A process that locks the directory until it is killed. */
  static final class Holder {
    private Holder() {}

    /** Prints a line when it has the lock, and waits until it is killed. */
    public static void main(String[] args) throws Exception {
      try (RunLock lock = RunLock.of(Path.of(args[0]), args[0])) {
        System.out.println(lock);
        new CountDownLatch(1).await();
      }
    }
  }

  @Test
  void aKilledProcessLeavesNoLock() throws Exception {
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                directory.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines = holder.inputReader()) {
      assertThat(lines.readLine()).isNotNull();
      assertThat(another()).isEqualTo(REFUSED);
    }
    assertThat(holder.destroyForcibly().waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(another()).isEqualTo(TAKEN);
  }

  @Test
  void aDirectoryOfOutputIsNamedAsSuch() throws Exception {
    try (RunLock lock = RunLock.ofOutput(directory, "out")) {
      assertThat(lock).isNotNull();
      assertThatThrownBy(() -> RunLock.ofOutput(directory.resolve("."), "./out"))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
          .hasMessageContaining("The output directory ./out is in use by another run");
    }
  }

  /** Another process that tries to lock the directory. */
  static final class Taker {
    private Taker() {}

    /** Ends with {@link #TAKEN} or {@link #REFUSED}. */
    public static void main(String[] args) throws Exception {
      try (RunLock lock = RunLock.of(Path.of(args[0]), args[0])) {
        System.exit(lock == null ? 1 : TAKEN);
      } catch (CallstreamException e) {
        System.exit(REFUSED);
      }
    }
  }

  private int another() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Taker.class.getName(),
                directory.toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Test
  void aRefusalInTheSameProcessLeavesTheLockWhereItIs() throws Exception {
    try (RunLock lock = RunLock.of(directory, "here")) {
      assertThat(lock).isNotNull();
      assertThatThrownBy(() -> RunLock.of(directory, "here"))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("here is in use by another run");

      assertThat(another()).isEqualTo(REFUSED);
    }
    assertThat(another()).isEqualTo(TAKEN);
    try (RunLock again = RunLock.of(directory, "here")) {
      assertThat(again).isNotNull();
    }
  }

  /** Code of another class loader in this process does this, such as another web application. */
  @Test
  void aRefusalLeavesTheLockOfOtherCodeInTheSameProcess() throws Exception {
    try (FileChannel other =
            FileChannel.open(
                directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = other.lock()) {
      assertThat(lock.isValid()).isTrue();
      for (int attempt = 0; attempt < 2; attempt++) {
        assertThatThrownBy(() -> RunLock.of(directory, "here"))
            .isInstanceOf(CallstreamException.class)
            .hasMessageContaining("here is in use by another run");
        assertThat(another()).isEqualTo(REFUSED);
      }
    }
    try (RunLock after = RunLock.of(directory, "here")) {
      assertThat(after).isNotNull();
      assertThat(another()).isEqualTo(REFUSED);
    }
    assertThat(another()).isEqualTo(TAKEN);
  }
}
