package io.callstream.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.local.LocalEngine;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Source;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnginesTest {
  @TempDir private Path directory;

  /** An engine that does nothing. */
  public static class Idle implements Engine {
    /** Called by ServiceLoader. */
    public Idle() {}

    @Override
    public String name() {
      return "idle";
    }

    @Override
    public Set<Capability> capabilities() {
      return Set.of();
    }

    @Override
    public RunningPipeline start(Pipeline pipeline, RunOptions options) {
      requireSupport(pipeline, options);
      throw new AssertionError("it supports nothing");
    }
  }

  /** Another engine with the same name. */
  public static final class IdleToo extends Idle {
    /** Called by ServiceLoader. */
    public IdleToo() {}
  }

  /** An engine whose constructor fails. */
  public static final class Broken extends Idle {
    /** Called by ServiceLoader. */
    public Broken() {
      throw new IllegalStateException("broken");
    }
  }

  /** An engine that lacks a library. */
  public static final class Lacking extends Idle {
    /** Called by ServiceLoader. */
    public Lacking() {
      throw new NoClassDefFoundError("org/example/Missing");
    }
  }

  private ClassLoader with(String... providers) throws IOException {
    Path services = Files.createDirectories(directory.resolve("META-INF/services"));
    Files.writeString(
        services.resolve("io.callstream.engine.Engine"),
        String.join("\n", providers) + "\n",
        UTF_8);
    return new URLClassLoader(
        new URL[] {directory.toUri().toURL()}, Engines.class.getClassLoader());
  }

  @Test
  void findsTheLocalEngine() {
    assertThat(Engines.named("local")).isInstanceOf(LocalEngine.class);
    assertThat(Engines.all()).hasAtLeastOneElementOfType(LocalEngine.class);
  }

  @Test
  void findsAnEngineOfAnotherJar() throws IOException {
    assertThat(Engines.named("idle", with(Idle.class.getName()))).isInstanceOf(Idle.class);
  }

  @Test
  void aMissingEngineIsReportedWithTheAvailableOnes() {
    assertThatThrownBy(() -> Engines.named("spork"))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining("'spork'")
        .hasMessageContaining("[local]")
        .hasMessageContaining("callstream-spark-engine");
  }

  @Test
  void rejectsEnginesWithTheSameName() throws IOException {
    ClassLoader loader = with(Idle.class.getName(), IdleToo.class.getName());
    assertThatThrownBy(() -> Engines.named("idle", loader))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining(Idle.class.getName())
        .hasMessageContaining(IdleToo.class.getName())
        .hasMessageContaining("Remove all but one");
    assertThat(Engines.named("local", loader)).isInstanceOf(LocalEngine.class);
  }

  @Test
  void ignoresBrokenEngines() throws IOException {
    ClassLoader loader =
        with(
            Broken.class.getName(),
            "org.example.NotThere",
            Lacking.class.getName(),
            String.class.getName(),
            Idle.class.getName());
    assertThat(Engines.named("idle", loader)).isInstanceOf(Idle.class);
    assertThat(Engines.named("local", loader)).isInstanceOf(LocalEngine.class);
  }

  @Test
  void ignoresAnInvalidServiceFile() throws IOException {
    assertThat(Engines.named("local", with("this is no class name")))
        .isInstanceOf(LocalEngine.class);
  }

  private static Pipeline.Builder from(Source source) {
    return Pipeline.builder(source, SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType());
  }

  /** An engine that supports only some capabilities. */
  private static final class Modest extends Idle {
    @Override
    public Set<Capability> capabilities() {
      return EnumSet.of(Capability.MEMORY_SOURCE, Capability.DISTINCT);
    }
  }

  @Test
  void rejectsUnsupportedPipelinesBeforeAnythingStarts() {
    Pipeline pipeline = from(KafkaTopic.of("calls").at("localhost:1")).distinct().build();
    assertThatThrownBy(
            () ->
                new Modest()
                    .start(pipeline, RunOptions.bounded().checkpointingTo("/nowhere/at/all")))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED))
        .hasMessageContaining("'idle'")
        .hasMessageContaining("does not support a Kafka topic as source, a checkpoint.")
        .hasMessageContaining("It supports records in memory as source, distinct().")
        .hasMessageContaining("choose another engine");
    assertThat(Path.of("/nowhere")).doesNotExist();
  }

  @Test
  void rejectsATopicWithoutAnOpener() {
    Pipeline pipeline = from(KafkaTopic.of("calls").at("localhost:1")).build();
    assertThatThrownBy(
            () ->
                new LocalEngine()
                    .start(pipeline, RunOptions.bounded().checkpointingTo("/nowhere/at/all")))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining("Kafka topic calls at localhost:1")
        .hasMessageContaining("Add io.callstream:callstream-kafka-producer");
    assertThat(Path.of("/nowhere")).doesNotExist();
  }

  @Test
  void rejectsACustomSourceWithoutAnOpener() {
    Pipeline pipeline = from(() -> "mine").build();
    assertThatThrownBy(() -> new LocalEngine().start(pipeline))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("mine")
        .hasMessageContaining("SourceOpener");
  }

  @Test
  void anEngineMaySupportNothing() {
    Pipeline pipeline = from(MemorySource.withPartitions(1)).distinct().build();
    assertThatThrownBy(() -> new Idle().start(pipeline))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("records in memory as source, distinct()");
  }

  @Test
  void theEngineDecidesTheSizeOfBatchesWithoutALimit() {
    assertThat(RunOptions.bounded().maxRecordsPerBatch()).isEmpty();
    assertThat(RunOptions.bounded().readingAtMost(Long.MAX_VALUE)).isEqualTo(RunOptions.bounded());
    assertThat(RunOptions.bounded().readingAtMost(Long.MAX_VALUE - 1).maxRecordsPerBatch())
        .hasValue(Long.MAX_VALUE - 1);
  }

  @Test
  void rejectsOptionsOutOfBounds() {
    assertThatThrownBy(() -> RunOptions.bounded().readingAtMost(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0");
    assertThatThrownBy(() -> RunOptions.continuous().triggeringEvery(java.time.Duration.ofDays(2)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> RunOptions.continuous().checkpointingTo(" "))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
