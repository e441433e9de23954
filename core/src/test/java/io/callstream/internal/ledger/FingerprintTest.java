package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Statistic;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FingerprintTest {
  private static final String EVOLVE = "RunOptions.evolving(), which is --evolve";

  private static Fingerprint fingerprint(JsonFormat.Builder format, String... statistics) {
    Pipeline.Builder pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), format.zone(ZoneOffset.UTC).build());
    for (String name : statistics) {
      pipeline.statistic(Statistic.named(name).build());
    }
    return Fingerprint.of(pipeline.build(), "local", Map.of(), "id");
  }

  private static JsonFormat.Builder format() {
    return JsonFormat.builder("f").time("t");
  }

  @Test
  void aRefusedRunIsToldOfEvolvingIfThatHelps() {
    Fingerprint recorded = fingerprint(format(), "a");
    JsonFormat.Builder more = format().text(Field.text("more"), "more");
    for (Fingerprint run :
        new Fingerprint[] {fingerprint(format(), "a", "b"), fingerprint(more, "a", "b")}) {
      assertThatThrownBy(() -> recorded.requireContinuedBy(run, false, "DIR"))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining(EVOLVE);
      recorded.requireContinuedBy(run, true, "DIR");
    }
    Fingerprint other = fingerprint(JsonFormat.builder("f").time("u"), "a");
    for (boolean evolving : new boolean[] {false, true}) {
      assertThatThrownBy(() -> recorded.requireContinuedBy(other, evolving, "DIR"))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("or name a new directory")
          .hasMessageNotContaining("evolving");
    }
  }
}
