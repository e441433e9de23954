package io.callstream.statistic;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.Position;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HexagonsTest {
  /** The length of a degree at the equator: 40,075,016.686 m / 360. */
  private static final double METERS_PER_DEGREE = 111_319.490_793;

  private static String at(double east, double north) {
    // Near the equator, the Mercator projection keeps lengths.
    return Hexagons.at(new Position(north / METERS_PER_DEGREE, east / METERS_PER_DEGREE));
  }

  @Test
  void namesTheHexagonsAroundTheOrigin() {
    // The width is 2 * 300 m * sqrt(3) / 2 = 519.6 m, and rows are 450 m apart.
    assertThat(at(0, 0)).isEqualTo("0,0");
    assertThat(at(259, 0)).as("at the eastern edge").isEqualTo("0,0");
    assertThat(at(261, 0)).isEqualTo("1,0");
    assertThat(at(519.6, 0)).isEqualTo("1,0");
    assertThat(at(259.8, 450)).isEqualTo("0,1");
    assertThat(at(-259.8, 450)).isEqualTo("-1,1");
    assertThat(at(0, 299)).as("at the northern corner").isEqualTo("0,0");
    assertThat(at(0, -900)).isEqualTo("1,-2");
  }

  @Test
  void choosesTheNearestCenter() {
    Random random = new Random(5);
    for (int i = 0; i < 1_000; i++) {
      double x = random.nextDouble() * 4_000 - 2_000;
      double y = random.nextDouble() * 4_000 - 2_000;
      double least = Double.MAX_VALUE;
      String nearest = "";
      for (int q = -12; q <= 12; q++) {
        for (int r = -12; r <= 12; r++) {
          double distance = Math.hypot(x - 519.615_242 * (q + r / 2.0), y - 450.0 * r);
          if (distance < least) {
            least = distance;
            nearest = q + "," + r;
          }
        }
      }
      assertThat(at(x, y)).as("%s, %s", x, y).isEqualTo(nearest);
    }
  }

  @Test
  void keepsPolesAndMissingPositionsInRange() {
    assertThat(Hexagons.at(new Position(90, 0)))
        .isEqualTo(Hexagons.at(new Position(85.051_128_78, 0)));
    Call call = Call.builder("1", "Noise", Instant.EPOCH).build();
    assertThat(Dimensions.HEXAGON.extractor().apply(call)).isEmpty();
    Call placed =
        Call.builder("1", "Noise", Instant.EPOCH).with(Fields.POSITION, new Position(0, 0)).build();
    assertThat(Dimensions.HEXAGON.extractor().apply(placed)).isEqualTo("0,0");
  }
}
