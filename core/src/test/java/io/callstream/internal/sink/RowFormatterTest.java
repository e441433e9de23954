package io.callstream.internal.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.callstream.pipeline.ResultRow;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.io.StringWriter;
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

  @Test
  void writesAMeasureWithoutDataAsNull() throws Exception {
    assertThat(json(Optional.empty())).endsWith("\"count\":3,\"share\":null}");
  }
}
