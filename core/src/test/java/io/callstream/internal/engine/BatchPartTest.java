package io.callstream.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.contract.DelegatingFormat;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.TaskPlan;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.StandardStatistics;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchPartTest {
  private static final List<WeakReference<CallParser>> PARSERS = new ArrayList<>();
  private static final ReferenceQueue<CallParser> RELEASED = new ReferenceQueue<>();

  /** A format that shows which of its parsers are in memory. */
  private static final class Watched extends DelegatingFormat {
    Watched() {
      super(SanFranciscoCalls.json());
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      CallParser parser = super.parser(fields);
      PARSERS.add(new WeakReference<>(parser, RELEASED));
      return parser;
    }
  }

  private static final CallRecord NO_CALL = CallRecord.at("calls", 0, 0, 0, "{}".getBytes(UTF_8));

  private final TaskPlan plan =
      new TaskPlan(
          Pipeline.builder(MemorySource.withPartitions(1), new Watched())
              .statistic(StandardStatistics.callsByType())
              .build());

  @BeforeEach
  void forgetTheParsersOfThePlan() {
    PARSERS.clear();
  }

  private BatchPart newPart() {
    return new BatchPart(
        plan, new BatchStart(0, Instant.EPOCH, 0, Long.MIN_VALUE, LookupTables.NONE), null);
  }

  @Test
  void aPartWithoutRecordsNeedsNoParser() {
    BatchPart part = newPart().filledBy(filled -> {});

    assertThat(PARSERS).isEmpty();
    assertThat(part.report().accounting().received()).isZero();
  }

  @Test
  void aFilledPartKeepsItsReportAndReleasesItsParser() throws InterruptedException {
    BatchPart part = newPart().filledBy(filled -> filled.add(NO_CALL));
    part.close(); // Deletes the file of dead letters.

    assertThat(PARSERS).hasSize(1);
    Reference<? extends CallParser> released = null;
    while (released != PARSERS.get(0)) {
      System.gc();
      released = RELEASED.remove(10);
    }
    assertThat(part.report().accounting().received()).isEqualTo(1);
    assertThat(part.report().accounting().rejected()).isEqualTo(1);
    assertThatThrownBy(() -> part.add(NO_CALL))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Add all records before");
  }
}
