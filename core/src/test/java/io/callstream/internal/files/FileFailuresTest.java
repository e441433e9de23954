package io.callstream.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileFailuresTest {
  @TempDir private Path directory;

  private String advice(ThrowingCallable operation) {
    Throwable failure = catchThrowable(operation);
    assertThat(failure).isNotNull();
    return FileFailures.advice(directory, new IllegalStateException(failure));
  }

  @Test
  void aFullDiskNeedsRoom() {
    assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");
    assertThat(
            advice(
                () -> {
                  try (OutputStream full = new FileOutputStream("/dev/full")) {
                    full.write(1);
                  }
                }))
        .contains("make room");
  }

  @Test
  void whatIsMissingNeedsNoRoom() {
    assertThat(advice(() -> Files.readString(directory.resolve("missing"))))
        .contains("deleted or moved")
        .doesNotContain("room");
  }

  @Test
  void aFileInTheWayNeedsNoRoom() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    assertThat(advice(() -> Files.createDirectories(file)))
        .contains("A file has the name of a directory")
        .doesNotContain("room");
    assertThat(advice(() -> Files.newDirectoryStream(file).close()))
        .contains("A file has the name of a directory");
  }

  @Test
  void whatIsDamagedNeedsNoRoom() {
    assertThat(
            advice(
                () -> {
                  throw new IOException("line 3 of rejected.ndjson is damaged");
                }))
        .isEqualTo("Correct the cause, and start again.");
  }
}
