package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies that the temporary checkpoint of a run that is never stopped is deleted when its JVM
 * ends.
 */
class TemporaryCheckpointTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  @TempDir Path directory;

  /**
   * Counts a topic until its JVM ends: by a signal, or by an exit after a given number of batches.
   */
  static final class Unstopped {
    public static void main(String[] args) throws Exception {
      int batches = Integer.parseInt(args[2]);
      Pipeline pipeline =
          Pipeline.builder(KafkaTopic.of(args[1]).at(args[0]), SanFranciscoCalls.json())
              .statistic(StandardStatistics.callsByType())
              .results(
                  Sinks.callback(
                      batch -> {
                        System.out.println("batch " + batch.number());
                        if (batch.number() == batches) {
                          System.exit(0);
                        }
                      }))
              .build();
      RunningPipeline running =
          new SparkEngine()
              .start(
                  pipeline,
                  RunOptions.continuous().triggeringEvery(Duration.ZERO).readingAtMost(1));
      running.awaitTermination();
    }
  }

  private Process start(int batches) throws IOException {
    KafkaTopic topic = TestBroker.topic(1);
    TestBroker.send(topic, SyntheticCalls.of(10_000));
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(Processes.jvmOptions());
    line.addAll(
        List.of(
            "-Xmx1g",
            "-Djava.io.tmpdir=" + Files.createDirectory(directory.resolve("tmp")),
            "-cp",
            System.getProperty("java.class.path"),
            Unstopped.class.getName(),
            TestBroker.cluster().bootstrapServers(),
            topic.name(),
            String.valueOf(batches)));
    return new ProcessBuilder(line)
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("output").toFile())
        .start();
  }

  private String output() throws IOException {
    return Files.readString(directory.resolve("output"));
  }

  private void requireNothingLeft(Process process, int status) throws Exception {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).as(output()).isTrue();
    assertThat(process.exitValue()).as(output()).isEqualTo(status);
    try (Stream<Path> left = Files.list(directory.resolve("tmp"))) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith("callstream"));
    }
    // Spark logs many messages about its missing context, with the plan of the query and its
    // options. No other line may concern the directory.
    assertThat(output().lines().filter(line -> !line.contains("[checkpointLocation=")))
        .noneMatch(line -> line.contains("callstream-checkpoint-"));
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no SIGTERM to send")
  @Tag("thorough")
  void itGoesWhenASignalEndsTheJvm() throws Exception {
    Process process = start(Integer.MAX_VALUE);
    try {
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (!output().contains("batch 3")) {
        assertThat(process.isAlive()).as(output()).isTrue();
        assertThat(System.nanoTime()).as(output()).isLessThan(end);
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }

      process.destroy();

      requireNothingLeft(process, 128 + 15);
    } finally {
      process.destroyForcibly();
    }
  }

  @Tag("thorough")
  @Test
  void itGoesWhenTheProgramExits() throws Exception {
    Process process = start(3);
    try {
      requireNothingLeft(process, 0);
    } finally {
      process.destroyForcibly();
    }
  }
}
