package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.engine.local.PipelineTester;
import io.callstream.pipeline.ResultRow;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class MainTest {
  @Test
  void countsNoiseAndNothingElse() {
    try (PipelineTester test = PipelineTester.of(Main.noise())) {
      test.receive(call("1", "Noise Nuisance"), call("2", "Traffic Stop")).endBatch();

      assertThat(test.results("noise")).extracting(ResultRow::count).containsExactly(1L);
      assertThat(test.accounting().statistics().get("noise").filtered()).isEqualTo(1);
    }
  }

  private static Call call(String id, String type) {
    return Call.builder(id, type, Instant.parse("2018-11-04T08:30:00Z"))
        .address("300 Block Of Hyde St")
        .build();
  }
}
