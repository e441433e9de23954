package io.callstream.internal.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChecksumTest {
  private static final String CONTENT = "0: 1000\n1: 998\n";

  @Test
  void isALineOfTextAfterTheContent() throws IOException {
    byte[] file = Checksum.append("", "123456789".getBytes(UTF_8));
    // The check value of CRC-32 from the catalog of parametrized CRC algorithms.
    assertThat(new String(file, UTF_8)).isEqualTo("123456789checksum cbf43926\n");
    assertThat(new String(Checksum.verify("", file), UTF_8)).isEqualTo("123456789");
    assertThat(Checksum.verify("empty", Checksum.append("empty", new byte[0]))).isEmpty();
  }

  @Test
  void refusesAFileWithAnyBitFlippedOrCutOffOrWithMoreBytes() {
    byte[] whole = Checksum.append("committed", CONTENT.getBytes(UTF_8));
    for (int bit = 0; bit < 8 * whole.length; bit++) {
      byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      assertDamaged(flipped);
    }
    for (int length = 0; length < whole.length; length++) {
      assertDamaged(Arrays.copyOf(whole, length));
      assertDamaged(Arrays.copyOf(whole, whole.length + 1 + length));
    }
  }

  @Test
  void refusesAFileUnderTheNameOfAnother() {
    byte[] committed = Checksum.append("committed", CONTENT.getBytes(UTF_8));
    assertThatThrownBy(() -> Checksum.verify("first-offsets", committed))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining("first-offsets is damaged or misplaced");
  }

  @Test
  void verifiesAStreamOfAnyLength() throws IOException {
    for (int length : new int[] {0, 1, 17, 18, 19, 65_517, 65_518, 65_519, 65_536, 200_000}) {
      byte[] content = new byte[length];
      new Random(length).nextBytes(content);
      byte[] file = Checksum.append("large", content);
      assertThat(Checksum.verify("large", "large", new ByteArrayInputStream(file)))
          .isEqualTo(length);
      file[length / 2] ^= 4;
      assertThatThrownBy(() -> Checksum.verify("large", "large", new ByteArrayInputStream(file)))
          .isInstanceOf(DamagedFileException.class)
          .hasMessage(
              "large is damaged or misplaced: its "
                  + file.length
                  + " bytes do not match their checksum");
    }
  }

  private static void assertDamaged(byte[] file) {
    assertThatThrownBy(
            () -> Checksum.verify("committed", "committed", new ByteArrayInputStream(file)))
        .isInstanceOf(DamagedFileException.class);
    assertThatThrownBy(() -> Checksum.verify("committed", file))
        .isInstanceOf(DamagedFileException.class)
        .hasMessage(
            "committed is damaged or misplaced: its "
                + file.length
                + " bytes do not match their checksum");
  }
}
