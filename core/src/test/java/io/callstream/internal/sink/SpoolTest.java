package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpoolTest {
  private static Set<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return new HashSet<>(
          all.filter(file -> file.getFileName().toString().startsWith("callstream-task-"))
              .toList());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 1 << 20, (1 << 20) + 1, 5 << 20})
  void returnsItsContentSeveralTimesAndLeavesNoFile(int length) throws IOException {
    byte[] content = new byte[length];
    new Random(length).nextBytes(content);
    Set<Path> before = files();
    try (Spool spool = new Spool()) {
      for (int i = 0; i < length; ) {
        int part = Math.min(777, length - i);
        spool.out().write(content[i]);
        spool.out().write(content, i + 1, part - 1);
        i += part;
      }
      for (int i = 0; i < 2; i++) {
        try (DataInputStream in = spool.read()) {
          assertThat(in.readAllBytes()).isEqualTo(content);
        }
      }
      Set<Path> created = files();
      created.removeAll(before);
      assertThat(created).hasSize(length > 1 << 20 ? 1 : 0);
    }
    Set<Path> left = files();
    left.removeAll(before);
    assertThat(left).isEmpty();
  }
}
