package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.contract.DelegatingFormat;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CallReaderTest {
  /** A format whose parser lacks a class. */
  private static final class Incomplete extends DelegatingFormat {
    Incomplete(JsonFormat calls) {
      super(calls);
    }

    @Override
    public String name() {
      return "incomplete";
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      return record -> {
        throw new NoClassDefFoundError("com/example/Gone");
      };
    }
  }

  @Test
  void aMissingClassOfAFormatFailsTheRunWithTheFormatAndTheRecord() {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), new Incomplete(SanFranciscoCalls.json()))
            .statistic(StandardStatistics.callsByType())
            .build();
    CallReader reader =
        new CallReader(
            new TaskPlan(pipeline),
            LookupTables.NONE,
            Instant.EPOCH,
            (call, record, index) -> {},
            letter -> {});
    assertThatThrownBy(
            () -> reader.read(CallRecord.at("calls", 3, 17, 0, "secret".getBytes(UTF_8))))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_FAILED))
        .hasMessageContainingAll("'incomplete'", "com/example/Gone", "partition=3", "offset=17")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }
}
