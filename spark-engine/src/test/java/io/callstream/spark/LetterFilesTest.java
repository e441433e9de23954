package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Verifies that files of dead letters are deleted when no batch needs them. */
class LetterFilesTest {
  /** The id of the first attempt that has written its letters. */
  private static final CompletableFuture<Long> FIRST_ATTEMPT = new CompletableFuture<>();

  @TempDir Path checkpoint;

  private static KafkaTopic topicOfLetters() {
    KafkaTopic topic = TestBroker.topic(1);
    String lines = ("no call " + "x".repeat(300_000) + "\n").repeat(40);
    TestBroker.send(
        topic, CallSource.stream("no calls", new ByteArrayInputStream(lines.getBytes(UTF_8))));
    TestBroker.send(topic, SyntheticCalls.of(1));
    return topic;
  }

  private List<String> letterFiles() {
    Path letters = checkpoint.resolve("callstream/letters");
    try (Stream<Path> files = Files.exists(letters) ? Files.list(letters) : Stream.empty()) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RunningPipeline start(Pipeline pipeline) {
    return SparkEngine.on(TestSession.get())
        .start(pipeline, RunOptions.bounded().checkpointingTo(checkpoint.toString()));
  }

  @Test
  void aKilledAttemptDeletesItsFile() throws Exception {
    Statistic blocked =
        Statistic.named("blocked")
            .where(
                Set.of(Fields.TYPE),
                call -> {
                  if (FIRST_ATTEMPT.complete(TaskContext.get().taskAttemptId())) {
                    try {
                      new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  }
                  return true;
                })
            .by(Dimensions.CRIME_TYPE)
            .build();
    List<List<String>> whileSinkHasLetters = new ArrayList<>();
    List<Long> offsets = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(topicOfLetters(), SanFranciscoCalls.json())
            .statistic(blocked)
            .results(Sinks.callback(batch -> whileSinkHasLetters.add(letterFiles())))
            .deadLetters(Sinks.deadLetterCallback(letter -> offsets.add(letter.origin().offset())))
            .build();
    try (RunningPipeline run = start(pipeline)) {
      long attempt = FIRST_ATTEMPT.get(1, TimeUnit.MINUTES);
      List<String> ofFirstAttempt = letterFiles();
      assertThat(ofFirstAttempt).hasSize(1);
      TestSession.get().sparkContext().killTaskAttempt(attempt, true, "the test kills it");
      run.awaitTermination();
      assertThatAccounting(run.accounting()).addsUpFor(pipeline);
      assertThat(whileSinkHasLetters).hasSize(1);
      assertThat(whileSinkHasLetters.get(0)).hasSize(1).doesNotContainAnyElementsOf(ofFirstAttempt);
    }
    assertThat(offsets).hasSize(40).doesNotHaveDuplicates();
    assertThat(letterFiles()).isEmpty();
  }

  @Test
  void whatAnAttemptCouldNotDeleteGoesWithTheBatch() throws Exception {
    KafkaTopic topic = topicOfLetters();
    List<List<String>> atReports = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(topic, SanFranciscoCalls.json())
            .statistic(Statistic.named("calls").by(Dimensions.CRIME_TYPE).build())
            .results(
                Sinks.callback(
                    batch -> {
                      atReports.add(letterFiles());
                      leave("read-0-of-an-executor-that-was-killed-" + batch.number());
                    }))
            .build();
    SparkEngine.on(TestSession.get())
        .start(
            pipeline, RunOptions.bounded().readingAtMost(20).checkpointingTo(checkpoint.toString()))
        .awaitTermination();
    assertThat(atReports).hasSize(3);
    assertThat(atReports.get(1)).hasSize(1).noneMatch(name -> name.contains("killed"));
    assertThat(letterFiles()).isEmpty();
  }

  private void leave(String file) {
    try {
      Path letters = Files.createDirectories(checkpoint.resolve("callstream/letters"));
      Files.writeString(letters.resolve(file), "letters");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
