package io.callstream.internal.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.Position;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.contract.DelegatingFormat;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.WindowBounds;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Checks that data between tasks and driver is read as it was written. */
class TaskDataTest {
  private static final Field<Long> NUMBER = Field.number("number");
  private static final Field<BigDecimal> DECIMAL = Field.decimal("decimal", 3);
  private static final Field<Double> REAL = Field.real("real");
  private static final Field<Boolean> FLAG = Field.flag("flag");

  /** A format with fields of all types. */
  private static final class AllTypes extends DelegatingFormat {
    AllTypes() {
      super(SanFranciscoCalls.json());
    }

    @Override
    public Set<Field<?>> fields() {
      Set<Field<?>> fields = new HashSet<>(super.fields());
      fields.addAll(List.of(NUMBER, DECIMAL, REAL, FLAG, Fields.ON_SCENE, Fields.POSITION));
      return fields;
    }
  }

  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), new AllTypes())
          .statistic(Statistic.named("s").where(call -> true).build())
          .distinct()
          .build();

  @Test
  void theFieldsOfThePlanAndOfItsParserAreOneObject() throws Exception {
    TaskPlan plan =
        new TaskPlan(
            Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
                .lookup(StandardStatistics.dispositions())
                .statistic(StandardStatistics.callsByType())
                .build());
    TaskPlan sent = (TaskPlan) SerializedCopy.of(plan);
    for (TaskPlan each : List.of(plan, sent)) {
      assertThat(each.parsedFields()).isSameAs(each.fields());
    }
  }

  @Test
  void letters() throws IOException {
    List<DeadLetter> letters = new ArrayList<>();
    Origin origin = new Origin("t\u00e9", 3, Long.MAX_VALUE, Instant.ofEpochMilli(-5));
    for (RejectionReason reason : RejectionReason.standard()) {
      letters.add(new DeadLetter.Rejected(origin, new byte[] {0, -1, 10}, reason, "f"));
      letters.add(new DeadLetter.Rejected(origin, null, reason, null));
      letters.add(new DeadLetter.Rejected(origin, null, reason, "f", "d\u00e9\ud83d\ude00"));
    }
    WindowBounds window = new WindowBounds(Instant.ofEpochMilli(-1), Instant.ofEpochMilli(7));
    letters.add(
        new DeadLetter.Late(
            origin,
            new byte[1 << 20],
            3,
            List.of(new MissedWindow("a", window), new MissedWindow("b", window))));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (DeadLetter letter : letters) {
      DeadLetterFormat.write(letter, out);
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
    for (DeadLetter letter : letters) {
      assertThat(DeadLetterFormat.read(in)).isEqualTo(letter);
    }
    assertThat(in.read()).isEqualTo(-1);
  }

  @Test
  void candidates() throws IOException {
    TaskPlan plan = new TaskPlan(PIPELINE);
    Call call =
        Call.builder("id \ud83d\ude00", "t".repeat(100_000), Instant.ofEpochMilli(1))
            .disposition("\0")
            .address("\uffe5")
            .with(Fields.CITY, "c")
            .with(Fields.ON_SCENE, Instant.ofEpochMilli(-9))
            .with(Fields.POSITION, new Position(-90, 179.999))
            .with(NUMBER, Long.MIN_VALUE)
            .with(DECIMAL, BigDecimal.valueOf(Long.MAX_VALUE, 3))
            .with(REAL, -0.0)
            .with(FLAG, false)
            .withAmbiguousTime()
            .build();
    List<PossibleDuplicate> candidates =
        List.of(
            new PossibleDuplicate(
                call, CallRecord.at(MemorySource.NAME, 2, 9, -3, new byte[] {1, 2}), 2),
            new PossibleDuplicate(
                Call.builder("1", "t", Instant.EPOCH).build(),
                CallRecord.at(MemorySource.NAME, 0, 0, 0, null),
                2));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    for (PossibleDuplicate candidate : candidates) {
      candidate.write(plan, out);
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()));
    for (PossibleDuplicate candidate : candidates) {
      PossibleDuplicate read = PossibleDuplicate.read(plan, in);
      assertThat(read.call()).isEqualTo(candidate.call());
      assertThat(read.index()).isEqualTo(candidate.index());
      assertThat(read.record()).usingRecursiveComparison().isEqualTo(candidate.record());
    }
    assertThat(in.read()).isEqualTo(-1);
  }

  @Test
  void plans() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(new TaskPlan(PIPELINE));
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      TaskPlan plan = (TaskPlan) in.readObject();
      assertThat(plan.topic()).isEqualTo("memory");
      assertThat(plan.statistics()).hasToString(PIPELINE.statistics().toString());
      assertThat(plan.distinctHorizonMillis()).hasValue(86_400_000L);
    }
  }

  @Test
  void rememberedIdsSurviveTheirBytes() {
    SeenCalls seen = new SeenCalls(1_000, null);
    List<PossibleDuplicate> batch = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      batch.add(
          new PossibleDuplicate(
              Call.builder("\u00e9" + i, "t", Instant.ofEpochMilli(i)).build(),
              CallRecord.at(MemorySource.NAME, 0, i, i, null),
              2));
    }
    List<PossibleDuplicate> firsts = new ArrayList<>();
    assertThat(seen.sift(batch, Long.MIN_VALUE, 0, (next, earlier) -> firsts.add(next))).isZero();
    assertThat(firsts).isEqualTo(batch);
    SeenCalls restored = new SeenCalls(1_000, seen.toBytes());
    assertThat(restored.size()).isEqualTo(1_000);
    firsts.clear();
    // The ids 0 to 499 have expired: the watermark has reached their time plus the horizon.
    assertThat(restored.sift(batch, 1_499, 1, (next, earlier) -> firsts.add(next))).isEqualTo(500);
    assertThat(firsts).hasSize(500).allMatch(c -> c.call().epochMillis() <= 499);
    assertThat(restored.size()).isEqualTo(500);
  }

  @Test
  void callsWithoutAnIdAreNoDuplicates() {
    Call call = Call.builder(Instant.EPOCH).build();
    List<PossibleDuplicate> batch =
        List.of(
            new PossibleDuplicate(call, CallRecord.at(MemorySource.NAME, 0, 0, 0, null), 2),
            new PossibleDuplicate(call, CallRecord.at(MemorySource.NAME, 0, 1, 0, null), 2));
    SeenCalls seen = new SeenCalls(1_000, null);
    List<PossibleDuplicate> firsts = new ArrayList<>();
    assertThat(seen.sift(batch, Long.MIN_VALUE, 0, (next, earlier) -> firsts.add(next))).isZero();
    assertThat(firsts).isEqualTo(batch);
    assertThat(seen.size()).isZero();
  }
}
