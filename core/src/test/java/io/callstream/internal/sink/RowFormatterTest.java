package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.CallstreamException;
import io.callstream.call.Field;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RowFormatterTest {
  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final Statistic STATISTIC =
      Statistic.named("daily")
          .by(Dimensions.CRIME_TYPE)
          .over(Windows.daily(ZONE).withoutLateness())
          .measuring(Measures.count(), Measures.share())
          .build();
  private static final WindowBounds DAY =
      new WindowBounds(
          Instant.parse("2018-11-04T07:00:00Z"), Instant.parse("2018-11-05T08:00:00Z"));

  private static String json(Optional<Object> share) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      new RowFormatter(STATISTIC, ZONE)
          .write(
              json,
              new ResultRow(
                  STATISTIC, DAY, List.of("\"415\""), 3, List.of(Optional.of(3L), share)));
    }
    return text.toString();
  }

  @Test
  void writesTimesWithTheOffsetOfTheZone() throws Exception {
    assertThat(json(Optional.of(0.25)))
        .isEqualTo(
            "{\"window_start\":\"2018-11-04T00:00:00-07:00\","
                + "\"window_end\":\"2018-11-05T00:00:00-08:00\","
                + "\"crime_type\":\"\\\"415\\\"\",\"count\":3,\"share\":0.25}");
  }

  private static final Statistic NUMBERS =
      Statistic.named("numbers")
          .by()
          .measuring(
              Measures.share(),
              Measures.sum("speed", Field.real("speed")),
              Measures.sum("price", Field.decimal("price", 8)))
          .build();

  private static ResultRow numbers(double share, double speed, String price) {
    return new ResultRow(
        NUMBERS,
        null,
        List.of(),
        1,
        List.of(Optional.of(share), Optional.of(speed), Optional.of(new BigDecimal(price))));
  }

  @Test
  void cellsLoseNoDigitsAndShowNoZeroForASmallNumber() {
    RowFormatter formatter = new RowFormatter(NUMBERS, ZONE);
    assertThat(formatter.cells(numbers(2 / 3.0, 2 / 3.0, "0.00000001")))
        .containsExactly("0.666667", "0.6666666666666666", "0.00000001");
    assertThat(formatter.cells(numbers(1e-9, 1e-9, "0.00000000")))
        .containsExactly("1.0E-9", "1.0E-9", "0.00000000");
    assertThat(formatter.cells(numbers(0, 123456789.5, "-1.00000000")))
        .containsExactly("0.000000", "123456789.5", "-1.00000000");
    assertThat(formatter.cells(numbers(1, Double.NEGATIVE_INFINITY, "1.00000000")))
        .containsExactly("1.000000", "-Infinity", "1.00000000");
  }

  @Test
  void writesNumbersAsJson() throws Exception {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      new RowFormatter(NUMBERS, ZONE)
          .write(json, numbers(0.5, Double.POSITIVE_INFINITY, "0.00000001"));
    }
    assertThat(text).hasToString("{\"share\":0.5,\"speed\":\"Infinity\",\"price\":0.00000001}");
  }

  @Test
  void rejectsANumberThatDoesNotHaveTheScaleOfItsMeasure() {
    assertThatThrownBy(() -> numbers(0, 0, "0.1").columns())
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining(
            "The measure 'price' of 'numbers' returned a number with 1 digits, 1 of them after the"
                + " point");
    assertThatThrownBy(() -> numbers(0, 0, "1e38").columns())
        .isInstanceOf(CallstreamException.class);
  }

  @Test
  void writesAMeasureWithoutDataAsNull() throws Exception {
    assertThat(json(Optional.empty())).endsWith("\"count\":3,\"share\":null}");
  }
}
