package io.callstream.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.internal.files.RunLock;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultSink;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SinkSetTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final Duration SHORT = Duration.ofMillis(50);

  private final List<String> events = Collections.synchronizedList(new ArrayList<>());

  /** A sink that records its calls. Its write runs the given work. */
  private class Talking implements ResultSink {
    private final String name;
    private final SinkThread.Work write;

    Talking(String name, SinkThread.Work write) {
      this.name = name;
      this.write = write;
    }

    @Override
    public void write(BatchResults batch) {
      events.add(name + " writes");
      try {
        write.run();
      } catch (InterruptedException e) {
        events.add(name + " is interrupted");
      } catch (Exception e) {
        throw new IllegalStateException("no room", e);
      }
    }

    @Override
    public void close() {
      events.add(name + " closes");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private static SinkSet open(Duration limit, ResultSink... sinks) {
    Pipeline.Builder pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType());
    for (ResultSink sink : sinks) {
      pipeline.results(sink);
    }
    return open(pipeline.build(), limit);
  }

  private static BatchResults batch() {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .build();
    return Ledger.inMemory(pipeline).current();
  }

  private static SinkSet open(Pipeline pipeline, Duration limit) {
    return SinkSet.open(pipeline, Ledger.inMemory(pipeline).current(), Map.of(), limit);
  }

  @Test
  void aSinkThatTakesTooLongIsInterruptedAndClosed() {
    SinkSet sinks = open(SHORT, new Talking("slow", new CountDownLatch(1)::await));
    assertThatThrownBy(() -> sinks.write(batch()))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("slow failed to write")
        .hasMessageContaining("not done after 0.05 s")
        .hasMessageContaining("RunOptions.sinkTimeout, --sink-timeout");
    sinks.close();
    assertThat(events).containsExactly("slow writes", "slow is interrupted", "slow closes");
  }

  @Test
  void aSinkThatNeverComesBackIsLeftAndTheOthersAreClosed() {
    CountDownLatch end = new CountDownLatch(1);
    SinkSet sinks =
        open(
            SHORT,
            new Talking("deaf", () -> awaitWithoutInterrupts(end)),
            new Talking("other", () -> {}));
    assertThatThrownBy(() -> sinks.write(batch())).hasMessageContaining("deaf failed to write");
    sinks.close();
    assertThat(events).containsExactly("deaf writes", "other closes");
    end.countDown();
  }

  @Test
  void refusesToOpenASinkUntilItsLateCallHasReturned() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    ResultSink deaf =
        new Talking("deaf", () -> awaitWithoutInterrupts(end)) {
          @Override
          public void open(BatchResults restored) {
            events.add("deaf opens");
          }

          @Override
          public void close() {
            super.close();
            closed.countDown();
          }
        };
    SinkSet first = open(SHORT, deaf);
    assertThatThrownBy(() -> first.write(batch())).hasMessageContaining("deaf failed to write");
    first.close();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> open(SHORT, new Talking("other", () -> {}), deaf))
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
          .hasMessageContaining("deaf cannot be opened")
          .hasMessageContaining("has not returned")
          .hasMessageContaining("Start again");
    }
    open(SHORT, new Talking("other", () -> {})).close();
    assertThat(events).containsExactly("deaf opens", "deaf writes", "other closes");
    end.countDown();
    assertThat(closed.await(1, TimeUnit.MINUTES)).isTrue();
    openWhenReturned(deaf).close();
    assertThat(events)
        .containsExactly(
            "deaf opens",
            "deaf writes",
            "other closes",
            "deaf closes",
            "deaf opens",
            "deaf closes");
  }

  /** Opens a sink whose late call has returned. Retries until the sink is no longer rejected. */
  private static SinkSet openWhenReturned(ResultSink sink) {
    long deadline = System.nanoTime() + LONG.toNanos();
    while (true) {
      try {
        return open(SHORT, sink);
      } catch (CallstreamException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void doesNotCloseASinkAgainWhoseCloseReturnsLate() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    ResultSink deaf =
        new Talking("deaf", () -> {}) {
          @Override
          public void close() {
            super.close();
            awaitWithoutInterrupts(end);
          }
        };
    SinkSet first = open(SHORT, deaf);
    assertThatThrownBy(first::close).hasMessageContaining("deaf failed to close");
    assertThatThrownBy(() -> open(SHORT, deaf)).hasMessageContaining("deaf cannot be opened");
    end.countDown();
    SinkSet second = openWhenReturned(deaf);
    assertThat(events).containsExactly("deaf closes");
    second.close();
  }

  @Test
  void aSinkMayTakeItsExtraTimeAndNoLonger() {
    CountDownLatch end = new CountDownLatch(1);
    ResultSink large =
        new Talking("large", end::await) {
          @Override
          public Duration extraTime() {
            end.countDown();
            return LONG;
          }
        };
    SinkSet sinks = open(SHORT, large);
    sinks.write(batch());
    sinks.close();
    assertThat(events).containsExactly("large writes", "large closes");
    ResultSink slow =
        new Talking("slow", new CountDownLatch(1)::await) {
          @Override
          public Duration extraTime() {
            return SHORT;
          }
        };
    SinkSet others = open(SHORT, slow);
    assertThatThrownBy(() -> others.write(batch())).hasMessageContaining("not done after 0.1 s");
    others.close();
  }

  private static void awaitWithoutInterrupts(CountDownLatch end) {
    while (true) {
      try {
        end.await();
        return;
      } catch (InterruptedException e) {
        // The sink ignores the interrupt.
      }
    }
  }

  @Test
  void anInterruptedCallerWaitsForTheSinkAndKeepsItsInterrupt() throws Exception {
    CountDownLatch inSink = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    SinkSet sinks =
        open(
            LONG,
            new Talking(
                "steady",
                () -> {
                  inSink.countDown();
                  goOn.await();
                  events.add("steady has written");
                }));
    Thread caller =
        new Thread(
            () -> {
              sinks.write(batch());
              events.add("interrupted: " + Thread.currentThread().isInterrupted());
            });
    caller.start();
    assertThat(inSink.await(1, TimeUnit.MINUTES)).isTrue();
    caller.interrupt();
    goOn.countDown();
    caller.join();
    assertThat(events).containsExactly("steady writes", "steady has written", "interrupted: true");
    sinks.close();
  }

  @Test
  void whatASinkThrowsNamesItAndKeepsItsCause() {
    RuntimeException cause = new IllegalArgumentException("full");
    SinkSet sinks =
        open(
            LONG,
            new Talking(
                "failing",
                () -> {
                  throw cause;
                }));
    assertThatThrownBy(() -> sinks.write(batch()))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("failing failed to write: no room")
        .hasRootCause(cause);
    sinks.close();
  }

  @Test
  void timeLimitsOutsideTheirBoundsAreRefused() {
    assertThat(RunOptions.bounded().sinkTimeout()).isEqualTo(Duration.ofMinutes(2));
    assertThat(RunOptions.continuous().sinkTimeout(SHORT).triggeringEvery(LONG).sinkTimeout())
        .isEqualTo(SHORT);
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(2))) {
      assertThatThrownBy(() -> RunOptions.bounded().sinkTimeout(wrong))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong.toString());
    }
  }

  // ---- directories that only one run may use

  private static SinkSet openIn(Path... directories) {
    Pipeline.Builder pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType());
    for (Path directory : directories) {
      pipeline.results(Sinks.csv(directory)).deadLetters(Sinks.deadLetterFiles(directory));
    }
    return open(pipeline.build(), LONG);
  }

  private static void assertInUse(Path directory) {
    assertThatThrownBy(() -> openIn(directory))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("The output directory " + directory + " is in use by another run");
  }

  @Test
  void refusesADirectoryThatAnotherRunWritesToWhateverItsPath(@TempDir Path root)
      throws IOException {
    Path output = root.resolve("out");
    Path around = Files.createDirectory(root.resolve("x")).resolve("../out");
    SinkSet first = openIn(output, around);
    Path link = Files.createSymbolicLink(root.resolve("link"), output);
    assertInUse(output);
    assertInUse(link);
    assertInUse(around);
    assertThat(output.resolve("accounting.json")).exists();
    first.close();
    openIn(link).close();
  }

  @Test
  void releasesDirectoriesAfterAFailure(@TempDir Path root) throws IOException {
    Path blocked = Files.createFile(root.resolve("file"));
    assertThatThrownBy(() -> openIn(root.resolve("out"), blocked))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("The output directory " + blocked + " can't be created or locked")
        .hasMessageContaining("A file has the name of a directory there");
    SinkSet second = openIn(root.resolve("out"));
    second.abandon(new CallstreamException(ErrorCode.ENGINE_FAILED, "for a test"));
    openIn(root.resolve("out")).close();
  }

  /** A sink with a directory, whose calls the test defines. */
  private abstract static class Directed implements ResultSink {
    private final Path directory;

    Directed(Path directory) {
      this.directory = directory;
    }

    @Override
    public Set<Path> exclusiveDirectories() {
      return Set.of(directory);
    }

    @Override
    public void write(BatchResults batch) {}
  }

  @Test
  void keepsDirectoriesUntilASinkThatExceededItsTimeLimitHasEnded(@TempDir Path root)
      throws Exception {
    Path output = root.resolve("out");
    CountDownLatch end = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    SinkSet sinks =
        open(
            SHORT,
            new Directed(output) {
              @Override
              public void write(BatchResults batch) {
                awaitWithoutInterrupts(end);
              }

              @Override
              public void close() {
                events.add("in use: " + isInUse(output));
                events.add("interrupted: " + Thread.currentThread().isInterrupted());
                closed.countDown();
              }
            });
    assertThatThrownBy(() -> sinks.write(batch())).hasMessageContaining("not done after 0.05 s");
    sinks.close();
    assertInUse(output);
    end.countDown();
    assertThat(closed.await(1, TimeUnit.MINUTES)).isTrue();
    assertThat(events).containsExactly("in use: true", "interrupted: false");
    long deadline = System.nanoTime() + LONG.toNanos();
    while (isInUse(output) && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(isInUse(output)).isFalse();
  }

  private static boolean isInUse(Path directory) {
    try {
      RunLock.ofOutput(directory, directory.toString()).close();
      return false;
    } catch (CallstreamException e) {
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void releasesDirectoriesAfterAnError(@TempDir Path root) {
    Path output = root.resolve("out");
    SinkSet closing =
        open(
            LONG,
            new Directed(output) {
              @Override
              public void close() {
                throw new OutOfMemoryError("for a test");
              }
            });
    assertThatThrownBy(closing::close).isInstanceOf(OutOfMemoryError.class);
    assertThat(isInUse(output)).isFalse();
    assertThatThrownBy(
            () ->
                open(
                    LONG,
                    new Directed(output) {
                      @Override
                      public void open(BatchResults restored) {
                        throw new OutOfMemoryError("for a test");
                      }
                    }))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(isInUse(output)).isFalse();
  }

  @Test
  void releasesDirectoriesIfASinkCannotNameItsOwn(@TempDir Path root) {
    Path output = root.resolve("out");
    ResultSink failing =
        new ResultSink() {
          @Override
          public Set<Path> exclusiveDirectories() {
            throw new IllegalStateException("no settings");
          }

          @Override
          public void write(BatchResults batch) {}

          @Override
          public String toString() {
            return "failing";
          }
        };
    assertThatThrownBy(() -> open(LONG, new Directed(output) {}, failing))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SINK_FAILED))
        .hasMessageContaining("failing failed to name its directories: no settings");
    assertThat(output).doesNotExist();
  }

  // ---- numbers of dead letters

  @Test
  void failsIfABatchHasOtherLettersThanItsAccounting() {
    List<DeadLetter> seen = new ArrayList<>();
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .deadLetters(Sinks.deadLetterCallback(seen::add))
            .build();
    SinkSet sinks = open(pipeline, LONG);
    DeadLetter letter =
        new DeadLetter.Rejected(
            new Origin("calls", 0, 0, Instant.EPOCH), null, RejectionReason.EMPTY, null);
    sinks.write(rejecting(1), List.of(letter));
    assertThat(seen).containsExactly(letter);
    assertThatThrownBy(() -> sinks.write(rejecting(2), List.of(letter)))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENGINE_FAILED))
        .hasMessageContaining("are 1 rejected, but its accounting has 2 rejected");
    assertThatThrownBy(() -> sinks.write(rejecting(1)))
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("are 0 rejected, but its accounting has 1 rejected");
    sinks.close();
  }

  @Test
  void iteratesOverLettersOnceForEachSink() {
    Pipeline pipeline =
        Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .deadLetters(Sinks.deadLetterCallback(letter -> events.add("first")))
            .deadLetters(Sinks.deadLetterCallback(letter -> events.add("second")))
            .build();
    List<DeadLetter> letters =
        List.of(
            new DeadLetter.Rejected(
                new Origin("calls", 0, 0, Instant.EPOCH), null, RejectionReason.EMPTY, null));
    SinkSet sinks = open(pipeline, LONG);
    sinks.write(
        rejecting(1),
        () -> {
          events.add("opened");
          return letters.iterator();
        });
    sinks.close();
    assertThat(events).containsExactly("opened", "first", "opened", "second");
  }

  private static BatchResults rejecting(long records) {
    BatchResults b = batch();
    Accounting accounting = new Accounting(records, records, 0, 0, 0, 0, 0, Map.of(), Map.of());
    return new BatchResults(
        b.lineage(),
        0,
        b.pipeline(),
        b.watermark(),
        Map.of(),
        Map.of(),
        accounting,
        accounting,
        Map.of());
  }
}
