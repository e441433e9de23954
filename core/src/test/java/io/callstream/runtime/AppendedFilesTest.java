package io.callstream.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A log of batches tells what a kill left of its end from damage. */
class AppendedFilesTest {
  private static final List<String> CONTENTS = List.of("the first", "", "the third of them");

  @TempDir Path directory;

  private void write() throws IOException {
    try (AppendedFiles files = AppendedFiles.in(directory)) {
      for (int i = 0; i < CONTENTS.size(); i++) {
        files.write("batch-" + i, CONTENTS.get(i).getBytes(UTF_8));
      }
    }
  }

  private List<String> read() throws IOException {
    try (AppendedFiles files = AppendedFiles.in(directory)) {
      List<String> names = files.list().stream().sorted().toList();
      for (String name : names) {
        assertThat(new String(files.read(name), UTF_8))
            .isEqualTo(CONTENTS.get(Integer.parseInt(name.substring("batch-".length()))));
      }
      return names;
    }
  }

  @Test
  void whatWasWrittenIsReadAgain() throws IOException {
    write();
    assertThat(read()).containsExactly("batch-0", "batch-1", "batch-2");
  }

  @Test
  void anEntryThatWasNotWrittenToItsEndIsCutOffAndNoOther() throws IOException {
    write();
    Path log = directory.resolve("log-0");
    byte[] whole = Files.readAllBytes(log);
    int header = (whole.length - String.join("", CONTENTS).length()) / CONTENTS.size();
    for (int length = 0; length < whole.length; length++) {
      for (int zeros : new int[] {0, 7, 100}) {
        byte[] left = Arrays.copyOf(Arrays.copyOf(whole, length), length + zeros);
        Files.write(log, left);
        int complete = 0;
        int end = header + CONTENTS.get(0).length();
        while (end <= length) {
          complete++;
          end += header + CONTENTS.get(complete).length();
        }
        if (zeros == 0 || length == end - header - CONTENTS.get(complete).length()) {
          assertThat(read()).as("%s bytes, %s zeros", length, zeros).hasSize(complete);
          Files.deleteIfExists(log);
        }
      }
    }
  }

  @Test
  void aBitThatIsAnotherIsDamageUnlessItIsInTheLastEntry() throws IOException {
    write();
    Path log = directory.resolve("log-0");
    byte[] whole = Files.readAllBytes(log);
    int last = CONTENTS.get(2).length() + Integer.BYTES; // With its own checksum.
    for (int i = 0; i < whole.length; i++) {
      byte[] flipped = whole.clone();
      flipped[i] ^= 4;
      Files.write(log, flipped);
      if (i < whole.length - last) {
        assertThatThrownBy(this::read)
            .as("byte %s", i)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("log-0 is damaged at byte");
      } else {
        assertThat(read()).containsExactly("batch-0", "batch-1");
      }
    }
  }

  @Test
  void anEntryThatIsWrittenAgainCountsAsItWasWrittenLast() throws IOException {
    try (AppendedFiles files = AppendedFiles.in(directory)) {
      files.write("batch-0", "before".getBytes(UTF_8));
      files.write("batch-0", CONTENTS.get(0).getBytes(UTF_8));
    }
    assertThat(read()).containsExactly("batch-0");
  }

  @Test
  void aLogGoesWhenASnapshotHasTakenItsPlace() throws IOException {
    write();
    try (AppendedFiles files = AppendedFiles.in(directory)) {
      files.write("batch-3", new byte[] {1});
      files.write("snapshot-3", new byte[] {2});
      for (int i = 0; i <= 3; i++) {
        files.delete("batch-" + i);
      }
      files.write("batch-4", new byte[] {3});
      assertThat(files.list()).containsExactlyInAnyOrder("snapshot-3", "batch-4");
      assertThat(files.read("batch-4")).containsExactly(3);
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).hasSize(2);
    }
    try (AppendedFiles files = AppendedFiles.in(directory)) {
      assertThat(files.list()).containsExactlyInAnyOrder("snapshot-3", "batch-4");
    }
  }

  @Test
  void draftsOfAKilledRunGo() throws IOException {
    Files.writeString(directory.resolve("snapshot-3.draft"), "half");
    try (AppendedFiles files = AppendedFiles.in(directory)) {
      assertThat(files.list()).isEmpty();
    }
  }
}
