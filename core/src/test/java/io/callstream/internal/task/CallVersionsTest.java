package io.callstream.internal.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.JsonFormat;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CallVersionsTest {
  private static final Field<Long> UNITS = Field.number("units");
  private static final Field<BigDecimal> PRICE = Field.decimal("price", 3);
  private static final JsonFormat FORMAT =
      JsonFormat.builder("versions")
          .zone(ZoneOffset.UTC)
          .id("id")
          .time("time")
          .text(Fields.TYPE, "type")
          .number(UNITS, "units")
          .number(PRICE, "price")
          .build();

  private final List<String> taken = new ArrayList<>();

  /** Returns a plan that reads some fields, and remembers versions for a second. */
  private static TaskPlan plan(Field<?>... fields) {
    return new TaskPlan(
        Pipeline.builder(MemorySource.withPartitions(1), FORMAT)
            .statistic(
                Statistic.named("s")
                    .measuring(Measures.ratio("r", Set.of(fields), call -> true))
                    .build())
            .corrections(Duration.ofSeconds(1))
            .build());
  }

  private static Call call(String id, long millis, String type, long units, String price) {
    return Call.builder(Instant.ofEpochMilli(millis))
        .with(Fields.ID, id)
        .with(Fields.TYPE, type)
        .with(UNITS, units)
        .with(PRICE, new BigDecimal(price))
        .build();
  }

  /** Sifts a batch, and records each call that is taken with its earlier version. */
  private long sift(
      KnownCalls<?> known, TaskPlan plan, long watermark, long number, Call... calls) {
    List<PossibleDuplicate> batch = new ArrayList<>();
    for (Call call : calls) {
      batch.add(
          new PossibleDuplicate(
              call.only(plan.fields()),
              CallRecord.at(MemorySource.NAME, 0, batch.size(), 0, null),
              0));
    }
    taken.clear();
    return known.sift(
        batch,
        watermark,
        number,
        (call, earlier) ->
            taken.add(
                call.call().id()
                    + (earlier == null
                        ? " is new"
                        : " replaces batch %s, %s"
                            .formatted(earlier.batch(), values(earlier.call(), plan)))));
  }

  private static String values(Call call, TaskPlan plan) {
    List<Object> values = new ArrayList<>();
    values.add(call.epochMillis());
    plan.orderedFields().stream()
        .filter(field -> field != Fields.DISPOSITION)
        .forEach(field -> values.add(call.get(field)));
    return values.toString();
  }

  @Test
  void aVersionWithOtherValuesOrAnotherTimeIsACorrection() {
    TaskPlan plan = plan(Fields.TYPE, UNITS);
    KnownCalls<?> known = KnownCalls.of(plan, null);
    assertThat(
            sift(
                known,
                plan,
                Long.MIN_VALUE,
                7,
                call("a", 5, "x", 1, "1"),
                call("a", 5, "x", 1, "2"), // The pipeline does not read the price.
                call("a", 5, "x", 2, "2"),
                call("b", 5, "x", 2, "2")))
        .isEqualTo(1);
    assertThat(taken).containsExactly("a is new", "a replaces batch 7, [5, a, x, 1]", "b is new");
    assertThat(sift(known, plan, Long.MIN_VALUE, 8, call("a", 6, "x", 2, "2"))).isZero();
    assertThat(taken).containsExactly("a replaces batch 7, [5, a, x, 2]");
    assertThat(sift(known, plan, Long.MIN_VALUE, 9, call("a", 5, "x", 2, "2"))).isZero();
    assertThat(taken).containsExactly("a replaces batch 8, [6, a, x, 2]");
    assertThat(known.size()).isEqualTo(2);
  }

  @Test
  void versionsSurviveTheirBytesAndTheNotesOfBatches() {
    TaskPlan plan = plan(Fields.TYPE, UNITS, PRICE);
    KnownCalls<?> known = KnownCalls.of(plan, null);
    KnownCalls<?> noted = KnownCalls.of(plan, null);
    Call[][] batches = {
      {call("\u00e9", 5, "\ud83d\ude00", Long.MIN_VALUE, "-0.001"), call("b", 900, "", 1, "7")},
      {call("b", 100, "", 1, "7"), call("c", 900, "", 1, "7")},
      {call("c", 2_000, "", 1, "7")}
    };
    for (int i = 0; i < batches.length; i++) {
      sift(known, plan, i * 1_000L - 500, i, batches[i]);
      noted.add(known.newToBytes());
    }
    KnownCalls<?> restored = KnownCalls.of(plan, known.toBytes());
    Call[] later = {
      call("\u00e9", 5, "\ud83d\ude00", Long.MIN_VALUE, "-0.001"),
      call("b", 100, "", 1, "8"),
      call("c", 2_000, "", 1, "8")
    };
    long duplicates = sift(known, plan, 1_500, 3, later);
    List<String> expected = List.copyOf(taken);
    assertThat(duplicates).isZero();
    assertThat(expected)
        .containsExactly("\u00e9 is new", "b is new", "c replaces batch 2, [2000, c, 7.000, , 1]");
    for (KnownCalls<?> other : List.of(restored, noted)) {
      assertThat(sift(other, plan, 1_500, 3, later)).isZero();
      assertThat(taken).isEqualTo(expected);
      assertThat(other.size()).isEqualTo(known.size());
    }
  }

  @Test
  void aVersionIsForgottenWhenTheWatermarkReachesItsTimePlusTheHorizon() {
    TaskPlan plan = plan(UNITS);
    KnownCalls<?> known = KnownCalls.of(plan, null);
    sift(known, plan, Long.MIN_VALUE, 0, call("a", 0, "", 1, "1"));
    sift(known, plan, 999, 1, call("a", 0, "", 2, "1"));
    assertThat(taken).containsExactly("a replaces batch 0, [0, a, 1]");
    // The horizon starts again with each version, so the earlier time of this one shortens it.
    sift(known, plan, 999, 2, call("a", -1, "", 3, "1"));
    assertThat(taken).containsExactly("a replaces batch 1, [0, a, 2]");
    assertThat(known.size()).isZero();
    sift(known, plan, 999, 3, call("a", 500, "", 4, "1"));
    assertThat(taken).containsExactly("a is new");
    sift(known, plan, 1_500, 4, call("a", 500, "", 4, "1"));
    assertThat(taken).containsExactly("a is new");
    assertThat(known.size()).isZero();
  }

  @Test
  void versionsAreReadAfterTheFieldsOfThePipelineChanged() {
    TaskPlan before = plan(Fields.TYPE, UNITS);
    KnownCalls<?> first = KnownCalls.of(before, null);
    sift(first, before, 0, 0, call("a", 5, "x", 1, "1"), call("b", 5, "x", 1, "1"));

    TaskPlan now = plan(UNITS, PRICE);
    KnownCalls<?> second = KnownCalls.of(now, first.toBytes());
    // The price was not read then, so nobody knows whether it is the same.
    assertThat(sift(second, now, 0, 1, call("a", 5, "x", 1, "2"))).isZero();
    assertThat(taken).containsExactly("a replaces batch 0, [5, a, null, 1]");
    // The type is not read anymore.
    assertThat(sift(second, now, 0, 2, call("a", 5, "y", 1, "2"))).isEqualTo(1);
    assertThat(taken).isEmpty();
    KnownCalls<?> fewer = KnownCalls.of(plan(UNITS), first.toBytes());
    assertThat(sift(fewer, plan(UNITS), 0, 1, call("a", 5, "y", 1, "2"))).isEqualTo(1);

    // The state has versions with different fields.
    KnownCalls<?> third = KnownCalls.of(now, second.toBytes());
    sift(third, now, 0, 3, call("a", 5, "y", 3, "1"), call("b", 5, "y", 0, "2"));
    assertThat(taken)
        .containsExactly(
            "a replaces batch 1, [5, a, 2.000, 1]", "b replaces batch 0, [5, b, null, 1]");
  }

  @Test
  void callsWithoutAnIdAreAlwaysNew() {
    TaskPlan plan = plan(UNITS);
    KnownCalls<?> known = KnownCalls.of(plan, null);
    Call call = call("", 5, "x", 1, "1");
    assertThat(sift(known, plan, 0, 0, call, call)).isZero();
    assertThat(taken).containsExactly(" is new", " is new");
    assertThat(known.size()).isZero();
  }

  @Test
  void rejectsDamagedVersions() {
    TaskPlan plan = plan(Fields.TYPE, UNITS, PRICE);
    KnownCalls<?> known = KnownCalls.of(plan, null);
    sift(known, plan, 0, 0, call("a", 5, "x", 1, "1"), call("b", 5, "x", 1, "1"));
    byte[] bytes = known.toBytes();
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 4;
      assertThatThrownBy(() -> KnownCalls.of(plan, damaged))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("corrections() remembers are damaged");
    }
  }
}
