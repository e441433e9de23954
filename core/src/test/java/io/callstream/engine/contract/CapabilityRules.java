package io.callstream.engine.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Source;
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
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
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

  /**
   * An engine without this capability rejects a Kafka topic with the message of {@code
   * Engine.requireSupport}, before it starts anything. Skipped with a Kafka source. If it fails,
   * check that the engine calls {@code requireSupport} first.
   */
  @Test
  void rule_16_1_aKafkaTopicIsRefusedByAnEngineThatReadsNone() {
    assumeNotSupported(Capability.KAFKA_SOURCE);
    Source topic = KafkaTopic.of("calls").at("localhost:1");
    requireRefusal(Capability.KAFKA_SOURCE, topic, RunOptions.bounded(), p -> p);
  }

  /**
   * An engine without this capability rejects a source in memory in the same way. Skipped with a
   * source in memory. If it fails, check that the engine calls {@code requireSupport} first.
   */
  @Test
  void rule_16_2_recordsInMemoryAreRefusedByAnEngineThatReadsNone() {
    assumeNotSupported(Capability.MEMORY_SOURCE);
    Source memory = MemorySource.withPartitions(1);
    requireRefusal(Capability.MEMORY_SOURCE, memory, RunOptions.bounded(), p -> p);
  }

  /**
   * An engine without this capability rejects a custom source in the same way. Skipped with custom
   * sources. If it fails, check that the engine calls {@code requireSupport} first.
   */
  @Test
  void rule_16_3_aSourceOfItsOwnKindIsRefusedByAnEngineThatReadsNone() {
    assumeNotSupported(Capability.OTHER_SOURCE);
    requireRefusal(Capability.OTHER_SOURCE, () -> "mine", RunOptions.bounded(), p -> p);
  }

  /**
   * An engine without this capability rejects a checkpoint in the same way, and does not create its
   * directory. Skipped with a checkpoint. If it fails, check that the engine calls {@code
   * requireSupport} before it uses the directory.
   */
  @Test
  void rule_16_4_aCheckpointIsRefusedByAnEngineThatKeepsNone() {
    assumeNotSupported(Capability.CHECKPOINT);
    Path checkpoint = directory().resolve("refused");
    requireRefusal(
        Capability.CHECKPOINT,
        own(),
        RunOptions.bounded().checkpointingTo(checkpoint.toString()),
        p -> p);
    assertThat(checkpoint).doesNotExist();
  }

  /**
   * An engine without this capability rejects {@code distinct()} in the same way. Skipped with
   * duplicates. If it fails, check that the engine calls {@code requireSupport} first.
   */
  @Test
  void rule_16_5_distinctIsRefusedByAnEngineThatRemembersNoIds() {
    assumeNotSupported(Capability.DISTINCT);
    requireRefusal(
        Capability.DISTINCT, own(), RunOptions.bounded(), p -> p.distinct(Duration.ofDays(1)));
  }

  /**
   * An engine supports at least one source, always declares the same capabilities, and has a valid
   * name. If it fails, check {@code Engine.capabilities} and {@code Engine.name}.
   */
  @Test
  void rule_16_6_anEngineHasANameAndReadsSomething() {
    assertThat(testbed().engine().name()).matches("[a-z0-9][a-z0-9-]*");
    assertThat(testbed().engine().capabilities())
        .isEqualTo(testbed().engine().capabilities())
        .containsAnyOf(Capability.KAFKA_SOURCE, Capability.MEMORY_SOURCE, Capability.OTHER_SOURCE);
  }
}
