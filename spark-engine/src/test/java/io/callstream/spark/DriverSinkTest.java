package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.streaming.StreamingQueryException;
import org.apache.spark.sql.streaming.Trigger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import scala.Tuple2;

class DriverSinkTest {
  private static final String INVALID = "invalid";

  @TempDir Path directory;
  private Path input;

  /** Records what the sink calls, and the threads in which it does. */
  private static class Recorder implements DriverSink.Receiver {
    final List<String> calls = new ArrayList<>();
    final Set<Thread> threads = new HashSet<>();

    @Override
    public void begin() {
      threads.add(Thread.currentThread());
      calls.add("begin");
    }

    @Override
    public void finish(long number, List<Tuple2<byte[], byte[]>> rows) {
      threads.add(Thread.currentThread());
      List<String> text =
          rows.stream()
              .map(row -> new String(row._1(), UTF_8) + "=" + new String(row._2(), UTF_8))
              .sorted()
              .toList();
      calls.add("finish " + number + " " + text);
    }

    @Override
    public void end() {
      threads.add(Thread.currentThread());
      calls.add("end");
    }
  }

  @BeforeEach
  void createInput() throws Exception {
    input = Files.createDirectory(directory.resolve("input"));
  }

  /** Creates a file, which becomes a batch; each line becomes a row. */
  private void write(int number, String... lines) throws Exception {
    Path file = Files.write(input.resolve(number + ".txt"), List.of(lines));
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_600_000_000_000L + number * 1_000L));
  }

  /** Runs a query over all files. */
  private void run(DriverSink.Receiver receiver) throws Exception {
    SparkSession session = TestSession.get().newSession();
    StreamingQuery query =
        DriverSink.start(
            session
                .readStream()
                .option("maxFilesPerTrigger", 1)
                .textFile(input.toString())
                .map(
                    (MapFunction<String, Tuple2<byte[], byte[]>>) DriverSinkTest::row,
                    Encoders.tuple(Encoders.BINARY(), Encoders.BINARY()))
                .writeStream()
                .trigger(Trigger.AvailableNow())
                .option("checkpointLocation", directory.resolve("checkpoint").toString()),
            receiver);
    query.awaitTermination();
  }

  private static Tuple2<byte[], byte[]> row(String line) {
    if (line.equals(INVALID)) {
      throw new IllegalArgumentException(line);
    }
    return new Tuple2<>(line.substring(0, 1).getBytes(UTF_8), line.substring(1).getBytes(UTF_8));
  }

  @Test
  void passesTheRowsOfEachBatchInTheThreadOfTheQuery() throws Exception {
    write(0, "a1", "b", "c22");
    write(1, "d4");
    Recorder recorder = new Recorder();

    run(recorder);

    assertThat(recorder.calls)
        .containsExactly(
            "begin", "finish 0 [a=1, b=, c=22]", "end", "begin", "finish 1 [d=4]", "end");
    assertThat(recorder.threads).hasSize(1);
  }

  @Test
  void aBatchWithoutRowsIsPassedToo() throws Exception {
    write(0);
    Recorder recorder = new Recorder();

    run(recorder);

    assertThat(recorder.calls).containsExactly("begin", "finish 0 []", "end");
  }

  @Test
  void endsABatchWhoseTaskFailed() throws Exception {
    write(0, INVALID);
    Recorder recorder = new Recorder();

    assertThatThrownBy(() -> run(recorder))
        .isInstanceOf(StreamingQueryException.class)
        .hasRootCauseInstanceOf(IllegalArgumentException.class);

    assertThat(recorder.calls).containsExactly("begin", "end");
  }

  @Test
  void aFailureOfTheReceiverFailsTheQueryAndTheBatchIsRepeated() throws Exception {
    write(0, "a1");
    IllegalStateException failure = new IllegalStateException("no room");
    Recorder failing =
        new Recorder() {
          @Override
          public void finish(long number, List<Tuple2<byte[], byte[]>> rows) {
            throw failure;
          }
        };
    Recorder next = new Recorder();

    assertThatThrownBy(() -> run(failing))
        .isInstanceOf(StreamingQueryException.class)
        .hasCause(failure);
    run(next);

    assertThat(failing.calls).containsExactly("begin", "end");
    assertThat(next.calls).containsExactly("begin", "finish 0 [a=1]", "end");
  }

  @Test
  void tasksCompressTheirRows() throws Exception {
    int length = 4 << 20;
    write(0, "x".repeat(length));
    AtomicLong largest = new AtomicLong();
    SparkListener listener =
        new SparkListener() {
          @Override
          public void onTaskEnd(SparkListenerTaskEnd end) {
            largest.accumulateAndGet(end.taskMetrics().resultSize(), Math::max);
          }
        };
    AtomicLong received = new AtomicLong();
    TestSession.get().sparkContext().addSparkListener(listener);
    try {
      run(
          new Recorder() {
            @Override
            public void finish(long number, List<Tuple2<byte[], byte[]>> rows) {
              received.set(rows.get(0)._2().length);
            }
          });
      TestSession.get().sparkContext().listenerBus().waitUntilEmpty();
    } finally {
      TestSession.get().sparkContext().removeSparkListener(listener);
    }

    assertThat(received).hasValue(length - 1);
    assertThat(largest.get()).isPositive().isLessThan(length / 4);
  }
}
