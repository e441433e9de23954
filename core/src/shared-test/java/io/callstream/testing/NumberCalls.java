package io.callstream.testing;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.pipeline.ResultSink;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;

/** Calls with numbers, and a statistic whose results lose digits if a sink rounds them. */
public final class NumberCalls {
  private static final Field<Long> UNITS = Field.number("units");
  private static final Field<BigDecimal> PRICE = Field.decimal("price", 2);
  private static final Field<Double> SPEED = Field.real("speed");

  private static final JsonFormat FORMAT =
      JsonFormat.builder("numbers")
          .zone(ZoneId.of("America/Los_Angeles"))
          .type("type")
          .time("time")
          .text(Fields.ADDRESS, "address")
          .number(UNITS, "units")
          .number(PRICE, "price")
          .number(SPEED, "speed")
          .build();

  /** A measure of each type. */
  public static final Statistic STATISTIC =
      Statistic.named("numbers")
          .by(Dimensions.CRIME_TYPE)
          .measuring(
              Measures.sum("units", UNITS),
              Measures.sum("revenue", PRICE),
              Measures.mean("mean_price", PRICE),
              Measures.sum("speeds", SPEED),
              Measures.minimum("least", UNITS),
              Measures.top("places", 2, Fields.ADDRESS))
          .build();

  /** The values of the columns of each row, separated by commas. */
  public static final List<String> LINES =
      List.of(
          "a,18446744073709551614,184467440737095516.14,92233720368547758.070000,"
              + "0.30000000000000004,9223372036854775807,[[\"x,y\",2]]",
          "b,-1,-0.05,-0.050000,1.0E300,-1,[[\"\\\"q\\\"\",1]]",
          "c,null,null,null,null,null,null");

  private NumberCalls() {}

  /** Counts the calls with some sinks, in two batches. */
  public static void run(ResultSink... sinks) {
    SinkRun ignored = batches(sinks);
  }

  /** Counts the calls with some sinks, and returns what they received. */
  public static SinkRun batches(ResultSink... sinks) {
    return SinkRun.of(
        FORMAT,
        List.of(STATISTIC),
        List.of(sinks),
        new Call[] {call("a", 0.1), call("a", 0.2)},
        new Call[] {
          builder("b")
              .with(UNITS, -1L)
              .with(PRICE, new BigDecimal("-0.05"))
              .with(SPEED, 1e300)
              .address("\"q\"")
              .build(),
          builder("c").build()
        });
  }

  private static Call call(String type, double speed) {
    return builder(type)
        .with(UNITS, Long.MAX_VALUE)
        .with(PRICE, BigDecimal.valueOf(Long.MAX_VALUE, 2))
        .with(SPEED, speed)
        .address("x,y")
        .build();
  }

  private static Call.Builder builder(String type) {
    return Call.builder(Instant.parse("2018-11-01T12:00:00Z")).with(Fields.TYPE, type);
  }
}
