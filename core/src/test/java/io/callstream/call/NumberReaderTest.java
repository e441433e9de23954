package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NumberReaderTest {
  private final NumberReader reader = new NumberReader();

  private Long read(String text, int scale) {
    byte[] bytes = (" " + text + "x").getBytes(UTF_8);
    return reader.read(bytes, 1, bytes.length - 1, scale) ? reader.value() : null;
  }

  private Double real(String text) {
    byte[] bytes = ("1" + text + "1").getBytes(UTF_8);
    return reader.readReal(bytes, 1, bytes.length - 1)
        ? Double.longBitsToDouble(reader.value())
        : null;
  }

  @Test
  void readsNumbersWithinTheRange() {
    assertThat(read("0", 0)).isZero();
    assertThat(read("-0", 0)).isZero();
    assertThat(read("007", 0)).isEqualTo(7);
    assertThat(read("+5", 0)).isEqualTo(5);
    assertThat(read(" 5 ", 0)).isEqualTo(5);
    assertThat(read("9223372036854775807", 0)).isEqualTo(Long.MAX_VALUE);
    assertThat(read("-9223372036854775808", 0)).isEqualTo(Long.MIN_VALUE);
    assertThat(read("92233720368547758.07", 2)).isEqualTo(Long.MAX_VALUE);
    assertThat(read("12.000", 0)).isEqualTo(12);
    assertThat(read("1.5e1", 0)).isEqualTo(15);
    assertThat(read("1.5", 2)).isEqualTo(150);
    assertThat(read("1.500", 2)).isEqualTo(150);
    assertThat(read("1e-2", 2)).isEqualTo(1);
    assertThat(read("0e999999999", 0)).isZero();
  }

  @Test
  void refusesWhatIsNoNumberOrOutOfRange() {
    for (String text :
        new String[] {
          "",
          " ",
          "-",
          ".",
          ".5",
          "5.",
          "1e",
          "1e+",
          "--1",
          "1-",
          "1 2",
          "1,000",
          "0x1f",
          "1d",
          "1f",
          "NaN",
          "Infinity",
          "-Infinity",
          "٣",
          "9223372036854775808",
          "-9223372036854775809",
          "1.5",
          "1e999999999",
          "1e9999999999",
          "1e-1",
          "1".repeat(101)
        }) {
      assertThat(read(text, 0)).as(text).isNull();
    }
    assertThat(read("0.005", 2)).isNull();
    assertThat(read("92233720368547758.08", 2)).isNull();
    for (String text :
        new String[] {"", "NaN", "Infinity", "1d", "1f", "0x1p3", "1e309", "-1e309", "1e-400"}) {
      assertThat(real(text)).as(text).isNull();
    }
  }

  @Test
  void readsRealNumbers() {
    assertThat(real("-122.419416")).isEqualTo(-122.419416);
    assertThat(real(" 37 ")).isEqualTo(37);
    assertThat(real("0e-400")).isZero();
    assertThat(real("-0.0")).isEqualTo(-0.0);
    assertThat(real("999999999999999")).isEqualTo(999_999_999_999_999.0);
    assertThat(real("0.00000000000001")).isEqualTo(1e-14);
    assertThat(real("1.7976931348623157e308")).isEqualTo(Double.MAX_VALUE);
  }

  @Provide
  Arbitrary<String> numbers() {
    Arbitrary<String> digits = Arbitraries.strings().numeric().ofMinLength(1).ofMaxLength(22);
    Arbitrary<String> fractions =
        Arbitraries.strings().numeric().ofMinLength(1).ofMaxLength(20).map(f -> "." + f);
    Arbitrary<String> exponents = Arbitraries.integers().between(-25, 25).map(e -> "e" + e);
    return Combinators.combine(
            Arbitraries.of("", "-"),
            digits,
            Arbitraries.oneOf(Arbitraries.just(""), fractions),
            Arbitraries.oneOf(Arbitraries.just(""), Arbitraries.just(""), exponents))
        .as((sign, whole, fraction, exponent) -> sign + whole + fraction + exponent);
  }

  @Property
  @Tag("campaign")
  void readsAsBigDecimalDoes(
      @ForAll("numbers") String text, @ForAll @IntRange(max = 18) int scale) {
    BigDecimal scaled = new BigDecimal(text).movePointRight(scale);
    boolean isWhole = scaled.stripTrailingZeros().scale() <= 0;
    BigInteger number = isWhole ? scaled.toBigInteger() : null;
    Long expected = number != null && number.bitLength() < Long.SIZE ? number.longValue() : null;
    assertThat(read(text, scale)).isEqualTo(expected);
  }
}
