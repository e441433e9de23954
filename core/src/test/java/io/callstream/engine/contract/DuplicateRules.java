package io.callstream.engine.contract;

import static io.callstream.engine.contract.SourceRecord.call;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.engine.Capability;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Rules 5: duplicates. */
abstract class DuplicateRules extends ContractRules {
  DuplicateRules(ContractKit kit) {
    super(kit);
  }

  private final Tried duplicates =
      new Tried(
          trial("duplicates", p -> withCodes(p.statistic(TYPES)).distinct(Duration.ofHours(2)))
              .partitions(2)
              .step(
                  call(1, "A", "higher-partition", "2018-06-01T10:00:00Z"),
                  call(0, "A", "first", "2018-06-01T10:05:00Z"),
                  call(0, "A", "higher-offset", "2018-06-01T10:01:00Z"),
                  call(0, "B", "b", "2018-06-01T10:10:00Z"),
                  call(1, "C", "c", "2018-06-01T10:10:00Z"))
              .step(
                  call(0, "A", "later", "2018-06-01T10:07:00Z", "disposition", "\"?\""),
                  call(0, "D", "mover", "2018-06-01T12:04:59.999Z"),
                  call(1, "E", "mover", "2018-06-01T12:04:59.999Z"))
              .step(
                  call(0, "A", "remembered", "2018-06-01T12:03:00Z"),
                  call(0, "F", "mover", "2018-06-01T12:05:00Z"),
                  call(1, "G", "mover", "2018-06-01T12:05:00Z"))
              .step(
                  call(0, "A", "forgotten", "2018-06-01T12:04:00Z"),
                  call(0, "Z", "old", "2018-06-01T10:00:00Z"),
                  call(1, "Z", "old-again", "2018-06-01T12:05:00Z"))
              .step(
                  call(0, "A", "remembered-again", "2018-06-01T12:06:00Z"),
                  call(0, "Z", "old-later", "2018-06-01T12:05:00Z")));

  private final Tried repeated =
      new Tried(
          trial("repeated", p -> p.statistic(TYPES))
              .step(
                  call(0, "A", "t", "2018-06-01T10:00:00Z"),
                  call(0, "A", "t", "2018-06-01T10:00:00Z")));

  private Outcome outcome() throws Exception {
    assumeSupported(Capability.DISTINCT);
    return duplicates.get();
  }

  @Test
  @Rule(
      number = "5.1",
      text = "Of calls with one id in a batch, the first by partition and offset counts.",
      check = "the order in which the engine compares calls")
  void rule_5_1() throws Exception {
    assertThat(outcome().updates(0, "types")).containsExactly("b  1", "c  1", "first  1");
    assertThat(outcome().batch(0).accounting().duplicates()).isEqualTo(2);
  }

  @Test
  @Rule(
      number = "5.2",
      text = "A call with an id of an earlier batch is a duplicate, even if other fields differ.",
      check = "which ids the engine keeps between batches")
  void rule_5_2() throws Exception {
    assertThat(outcome().rows("types", "later")).isEmpty();
    assertThat(outcome().batch(1).accounting().duplicates()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "5.3",
      text =
          "One millisecond before the watermark reaches the first event time + horizon, an"
              + " id is remembered.",
      check = "when the engine removes ids")
  void rule_5_3() throws Exception {
    assertThat(outcome().batch(2).watermark()).contains(instant("2018-06-01T12:04:59.999Z"));
    assertThat(outcome().rows("types", "remembered")).isEmpty();
    assertThat(outcome().batch(2).accounting().duplicates()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "5.4",
      text =
          "When the watermark reaches the first event time + horizon, an id is new, and is"
              + " remembered again.",
      check = "when the engine removes ids")
  void rule_5_4() throws Exception {
    assertThat(outcome().batch(3).watermark()).contains(instant("2018-06-01T12:05:00Z"));
    assertThat(outcome().rows("types", "forgotten")).containsExactly("forgotten  1");
    assertThat(outcome().rows("types", "remembered-again")).isEmpty();
  }

  @Test
  @Rule(
      number = "5.5",
      text = "For a call past its horizon on arrival, duplicates are found in its batch only.",
      check = "whether the engine keeps ids that have already expired")
  void rule_5_5() throws Exception {
    assertThat(outcome().rows("types", "old")).containsExactly("old  1");
    assertThat(outcome().rows("types", "old-again")).isEmpty();
    assertThat(outcome().rows("types", "old-later")).containsExactly("old-later  1");
    assertThat(outcome().batch(3).accounting().duplicates()).isEqualTo(1);
    assertThat(outcome().batch(4).accounting().duplicates()).isEqualTo(1);
  }

  @Test
  @Rule(
      number = "5.6",
      text = "Duplicates are not dead letters and count in no other number.",
      check = "where the engine counts duplicates")
  void rule_5_6() throws Exception {
    assertThat(outcome().recorder().letters()).isEmpty();
    if (supports(Capability.LOOKUPS)) {
      assertThat(outcome().batch(1).accounting().unknown().get("dispositions")).isEqualTo(2);
    }
    assertThat(outcome().accounting().duplicates()).isEqualTo(6);
  }

  @Test
  @Rule(
      number = "5.7",
      text = "Without `distinct()`, all calls with one id count.",
      check = "whether the engine removes duplicates in every pipeline")
  void rule_5_7() throws Exception {
    assertThat(repeated.get().rows("types")).containsExactly("t  2");
    assertThat(repeated.get().accounting().duplicates()).isZero();
  }
}
