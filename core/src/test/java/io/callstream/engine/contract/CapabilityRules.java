package io.callstream.engine.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.callstream.ErrorCode;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Source;
import io.callstream.statistic.StandardStatistics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rules 16: capabilities that an engine does not declare. */
abstract class CapabilityRules extends ContractRules {
  CapabilityRules(ContractKit kit) {
    super(kit);
  }

  private void requireRefusal(
      Capability missing, Source source, RunOptions options, UnaryOperator<Pipeline.Builder> p) {
    Recorder recorder = new Recorder();
    Pipeline pipeline =
        recorder.on(p.apply(Pipeline.builder(source, FORMAT).statistic(TYPES))).build();
    String declared =
        testbed().engine().capabilities().stream()
            .sorted()
            .map(Capability::description)
            .collect(Collectors.joining(", "));
    assertThatThrownBy(() -> start(pipeline, options))
        .satisfies(hasCode(ErrorCode.UNSUPPORTED))
        .hasMessage(
            "The engine '"
                + testbed().engine().name()
                + "' does not support "
                + missing.description()
                + ". It supports "
                + declared
                + ". Change the pipeline, or choose another engine.");
    assertThat(recorder.events()).isEmpty();
  }

  private void assumeNotSupported(Capability capability) {
    assumeFalse(supports(capability), () -> "The engine declares " + capability);
  }

  private Source own() {
    return testbed().source(1).source();
  }

  @Test
  @Rule(
      number = "16.1",
      text =
          "An engine without `KAFKA_SOURCE` rejects a topic before anything starts, with the"
              + " message of `Engine.requireSupport`.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_1() {
    assumeNotSupported(Capability.KAFKA_SOURCE);
    Source topic = KafkaTopic.of("calls").at("localhost:1");
    requireRefusal(Capability.KAFKA_SOURCE, topic, RunOptions.bounded(), p -> p);
  }

  @Test
  @Rule(
      number = "16.2",
      text = "An engine without `MEMORY_SOURCE` rejects records in memory.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_2() {
    assumeNotSupported(Capability.MEMORY_SOURCE);
    Source memory = MemorySource.withPartitions(1);
    requireRefusal(Capability.MEMORY_SOURCE, memory, RunOptions.bounded(), p -> p);
  }

  @Test
  @Rule(
      number = "16.3",
      text = "An engine without `OTHER_SOURCE` rejects a custom source.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_3() {
    assumeNotSupported(Capability.OTHER_SOURCE);
    requireRefusal(Capability.OTHER_SOURCE, () -> "mine", RunOptions.bounded(), p -> p);
  }

  @Test
  @Rule(
      number = "16.4",
      text =
          "An engine without `CHECKPOINT` rejects a checkpoint and creates nothing at its"
              + " location.",
      check = "that the engine calls `requireSupport` before it uses the directory")
  void rule_16_4() {
    assumeNotSupported(Capability.CHECKPOINT);
    Path checkpoint = directory().resolve("refused");
    requireRefusal(
        Capability.CHECKPOINT,
        own(),
        RunOptions.bounded().checkpointingTo(checkpoint.toString()),
        p -> p);
    assertThat(checkpoint).doesNotExist();
  }

  @Test
  @Rule(
      number = "16.5",
      text = "An engine without `DISTINCT` rejects `distinct()`.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_5() {
    assumeNotSupported(Capability.DISTINCT);
    requireRefusal(
        Capability.DISTINCT, own(), RunOptions.bounded(), p -> p.distinct(Duration.ofDays(1)));
  }

  @Test
  @Rule(
      number = "16.7",
      text = "An engine with `CHECKPOINT` and without `EVOLUTION` rejects `evolving()`.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_7() {
    assumeSupported(Capability.CHECKPOINT);
    assumeNotSupported(Capability.EVOLUTION);
    requireRefusal(Capability.EVOLUTION, own(), withCheckpoint().evolving(), p -> p);
  }

  @Test
  @Rule(
      number = "16.8",
      text = "An engine without `CORRECTIONS` rejects `corrections()`.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_8() {
    assumeNotSupported(Capability.CORRECTIONS);
    requireRefusal(Capability.CORRECTIONS, own(), RunOptions.bounded(), p -> p.corrections());
  }

  @Test
  @Rule(
      number = "16.9",
      text = "An engine without `LOOKUPS` rejects lookups.",
      check = "that the engine calls `requireSupport` first")
  void rule_16_9() {
    assumeNotSupported(Capability.LOOKUPS);
    requireRefusal(
        Capability.LOOKUPS,
        own(),
        RunOptions.bounded(),
        p -> p.lookup(StandardStatistics.dispositions()));
  }

  @Test
  @Rule(
      number = "16.6",
      text =
          "An engine reads at least one kind of source, always declares the same"
              + " capabilities, and has a valid name.",
      check = "`Engine.capabilities` and `Engine.name`")
  void rule_16_6() {
    assertThat(testbed().engine().name()).matches("[a-z0-9][a-z0-9-]*");
    assertThat(testbed().engine().capabilities())
        .isEqualTo(testbed().engine().capabilities())
        .containsAnyOf(Capability.KAFKA_SOURCE, Capability.MEMORY_SOURCE, Capability.OTHER_SOURCE);
  }
}
