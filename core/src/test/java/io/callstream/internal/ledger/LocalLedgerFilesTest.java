package io.callstream.internal.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.internal.files.DamagedFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks that a log of batches distinguishes an incomplete last entry after a kill from damage. */
class LocalLedgerFilesTest {
  private static final List<String> CONTENTS = List.of("the first", "", "the third of them");

  @TempDir Path directory;

  private void write() throws IOException {
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      files.begin();
      for (int i = 0; i < CONTENTS.size(); i++) {
        files.write("batch-" + i, CONTENTS.get(i).getBytes(UTF_8));
      }
    }
  }

  private List<String> read() throws IOException {
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      List<String> names = files.list().stream().sorted().toList();
      for (String name : names) {
        if (!name.startsWith("batch-")) {
          continue;
        }
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
        }
      }
    }
  }

  @Test
  void refusesALogWithAnyBitFlipped() throws IOException {
    write();
    Path log = directory.resolve("log-0");
    byte[] whole = Files.readAllBytes(log);
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(log, flipped);
      assertThatThrownBy(this::read)
          .as("bit %s", bit)
          .isInstanceOf(DamagedFileException.class)
          .hasMessageContaining("log-0 is damaged at byte");
      assertThat(Files.readAllBytes(log)).as("the evidence").isEqualTo(flipped);
    }
  }

  @Test
  void cutsOffALastEntryOfWhichASectorWasNotWritten() throws IOException {
    byte[] large = new byte[2_000];
    Arrays.fill(large, (byte) 'x');
    write();
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      files.write("batch-3", large);
    }
    Path log = directory.resolve("log-0");
    byte[] whole = Files.readAllBytes(log);
    for (int from : new int[] {512, 1_024, 1_536}) {
      byte[] left = whole.clone();
      Arrays.fill(left, from, Math.min(from + 512, left.length), (byte) 0);
      Files.write(log, left);
      assertThat(read()).containsExactly("batch-0", "batch-1", "batch-2");
      left[from + 7] = 1;
      Files.write(log, left);
      assertThatThrownBy(this::read).hasMessageContaining("log-0 is damaged at byte");
    }
  }

  /**
   * The header of the last entry starts a few bytes before a sector boundary, so it is in two
   * sectors.
   */
  @Test
  void cutsOffALastEntryOfWhichASectorOfTheHeaderWasNotWritten() throws IOException {
    byte[] large = new byte[1_200];
    Arrays.fill(large, (byte) 'x');
    for (int before = 1; before < 20; before++) {
      Path log = directory.resolve("log-0");
      Files.deleteIfExists(log);
      try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
        files.begin();
        files.write("batch-0", new byte[512 - 20 - before]);
        assertThat(log).hasSize(512 - before);
        files.write("batch-1", large);
      }
      byte[] whole = Files.readAllBytes(log);
      byte[] left = whole.clone();
      Arrays.fill(left, 512, 1_024, (byte) 0);
      Files.write(log, left);
      assertThat(batches()).as("%s bytes", before).containsExactly("batch-0");
      left[700] = 1;
      Files.write(log, left);
      assertThatThrownBy(this::batches).hasMessage("log-0 is damaged at byte " + (512 - before));

      if (before >= 12) {
        left = whole.clone();
        Arrays.fill(left, 512 - before, 512, (byte) 0);
        Files.write(log, left);
        assertThat(batches()).as("%s bytes", before).containsExactly("batch-0");
      }

      Files.write(log, whole);
      try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
        files.write("batch-2", new byte[] {1});
      }
      left = Files.readAllBytes(log);
      Arrays.fill(left, 512, 1_024, (byte) 0);
      Files.write(log, left);
      assertThatThrownBy(this::batches).hasMessage("log-0 is damaged at byte " + (512 - before));
    }
  }

  @Test
  void refusesAnyFlippedBitOfAHeaderInTwoSectors() throws IOException {
    for (int before = 1; before < 20; before++) {
      Path log = directory.resolve("log-0");
      Files.deleteIfExists(log);
      try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
        files.begin();
        files.write("batch-0", new byte[512 - 20 - before]);
        files.write("batch-1", "the content of a batch".getBytes(UTF_8));
      }
      byte[] whole = Files.readAllBytes(log);
      for (int bit = 8 * (512 - before); bit < 8 * (512 - before + 20); bit++) {
        byte[] flipped = whole.clone();
        flipped[bit / 8] ^= (byte) (1 << bit % 8);
        Files.write(log, flipped);
        assertThatThrownBy(this::batches)
            .as("%s bytes, bit %s", before, bit)
            .hasMessage("log-0 is damaged at byte " + (512 - before));
      }
    }
  }

  private List<String> batches() throws IOException {
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      return files.list();
    }
  }

  @Test
  void refusesToReadABatchThatChangedAfterItWasWritten() throws IOException {
    write();
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      Path log = directory.resolve("log-0");
      byte[] whole = Files.readAllBytes(log);
      byte[] flipped = whole.clone();
      flipped[whole.length - 1] ^= 1;
      Files.write(log, flipped);
      assertThatThrownBy(() -> files.read("batch-2"))
          .isInstanceOf(DamagedFileException.class)
          .hasMessageContaining("log-0 is damaged at byte");
      assertThatThrownBy(() -> files.write("snapshot-1", new byte[0]))
          .isInstanceOf(DamagedFileException.class);
      assertThat(directory.resolve("snapshot-1")).doesNotExist();
    }
  }

  @Test
  void writesTheNextEntryInPlaceOfATornOne() throws IOException {
    write();
    Path log = directory.resolve("log-0");
    byte[] whole = Files.readAllBytes(log);
    Files.write(log, Arrays.copyOf(whole, whole.length - 1));
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      assertThat(files.list()).containsExactlyInAnyOrder("batch-0", "batch-1");
      files.write("batch-2", CONTENTS.get(2).getBytes(UTF_8));
    }
    assertThat(Files.readAllBytes(log)).isEqualTo(whole);
  }

  @Test
  void refusesALogThatLacksAnEntry() throws IOException {
    write();
    Path log = directory.resolve("log-0");
    byte[] whole = Files.readAllBytes(log);
    int header = (whole.length - String.join("", CONTENTS).length()) / CONTENTS.size();
    int end = header + CONTENTS.get(0).length();
    for (int[] cut : new int[][] {{0, end}, {end, end + header}}) {
      byte[] left = new byte[whole.length - (cut[1] - cut[0])];
      System.arraycopy(whole, 0, left, 0, cut[0]);
      System.arraycopy(whole, cut[1], left, cut[0], left.length - cut[0]);
      Files.write(log, left);
      assertThatThrownBy(this::read).hasMessageContaining("log-0 is damaged at byte " + cut[0]);
    }
  }

  @Test
  void refusesADirectoryWithoutTheLogOrTheSnapshotThatItHad() throws IOException {
    writeSnapshot();
    assertThat(names()).containsExactlyInAnyOrder("snapshot-1", "log-2");
    Path kept = directory.resolve("kept");
    Files.move(directory.resolve("log-2"), kept);
    assertThatThrownBy(this::read).hasMessage("log-2 is missing");
    Files.move(kept, directory.resolve("log-2"));
    Files.delete(directory.resolve("snapshot-1"));
    assertThatThrownBy(this::read)
        .isInstanceOf(DamagedFileException.class)
        .hasMessage("snapshot-1 is missing");
  }

  @Test
  void refusesALogWithoutItsSnapshotNextToTheLogBeforeIt() throws IOException {
    write();
    byte[] before = Files.readAllBytes(directory.resolve("log-0"));
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      files.write("snapshot-1", "all before".getBytes(UTF_8));
      files.write("batch-3", new byte[] {1});
    }
    Files.write(directory.resolve("log-0"), before);
    Files.delete(directory.resolve("snapshot-1"));
    assertThatThrownBy(this::read).hasMessage("snapshot-1 is missing");
  }

  @Test
  void refusesASnapshotWithAnyBitFlipped() throws IOException {
    writeSnapshot();
    Path snapshot = directory.resolve("snapshot-1");
    byte[] whole = Files.readAllBytes(snapshot);
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(snapshot, flipped);
      try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
        assertThatThrownBy(() -> files.read("snapshot-1"))
            .isInstanceOf(DamagedFileException.class)
            .hasMessageContaining("snapshot-1 is damaged");
      }
    }
  }

  /** A kill can occur after each step in which a snapshot replaces a log. */
  @Test
  void resumesAfterAKillWhileASnapshotIsWritten() throws IOException {
    write();
    byte[] before = Files.readAllBytes(directory.resolve("log-0"));
    Files.delete(directory.resolve("log-0"));
    writeSnapshot();
    byte[] after = Files.readAllBytes(directory.resolve("log-2"));

    Files.write(directory.resolve("log-0"), before);
    assertThat(read()).containsExactly("batch-2", "snapshot-1");
    Files.move(directory.resolve("snapshot-1"), directory.resolve("snapshot-1.draft"));
    assertThat(read()).containsExactly("batch-0", "batch-1", "batch-2");
    for (int length = 0; length < after.length; length++) {
      Files.write(directory.resolve("log-2"), Arrays.copyOf(after, length));
      assertThat(read()).containsExactly("batch-0", "batch-1", "batch-2");
      // The length of the file reached the disk, but only a part of its content.
      Files.write(
          directory.resolve("log-2"), Arrays.copyOf(Arrays.copyOf(after, length), after.length));
      assertThat(read()).containsExactly("batch-0", "batch-1", "batch-2");
    }
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      files.write("batch-3", new byte[] {1});
    }
    assertThat(names()).containsExactly("log-0");
  }

  /** Writes the three batches, and a snapshot of the first two. */
  private void writeSnapshot() throws IOException {
    write();
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      files.write("snapshot-1", "all before".getBytes(UTF_8));
    }
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.map(file -> file.getFileName().toString()).toList();
    }
  }

  @Test
  void anEntryThatIsWrittenAgainCountsAsItWasWrittenLast() throws IOException {
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      files.begin();
      files.write("batch-0", "before".getBytes(UTF_8));
      files.write("batch-0", CONTENTS.get(0).getBytes(UTF_8));
    }
    assertThat(read()).containsExactly("batch-0");
  }

  @Test
  void aLogGoesWhenASnapshotHasTakenItsPlace() throws IOException {
    write();
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
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
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      assertThat(files.list()).containsExactlyInAnyOrder("snapshot-3", "batch-4");
    }
  }

  @Test
  void draftsOfAKilledRunGo() throws IOException {
    Files.writeString(directory.resolve("snapshot-3.draft"), "half");
    try (LocalLedgerFiles files = LocalLedgerFiles.in(directory)) {
      assertThat(files.list()).isEmpty();
    }
  }
}
