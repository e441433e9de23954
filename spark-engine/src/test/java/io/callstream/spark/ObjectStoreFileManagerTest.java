package io.callstream.spark;

import static io.callstream.engine.contract.AccountingAssert.assertThatAccounting;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkSettings.StateStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.execution.streaming.CheckpointFileManager.CancellableFSDataOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs on a store in memory; {@link ObjectStoreTest} runs on S3A. */
class ObjectStoreFileManagerTest {
  private static final byte[] CONTENT = "content".getBytes(UTF_8);

  private final String directory = "memory://store/" + UUID.randomUUID();
  private final ObjectStoreFileManager files =
      new ObjectStoreFileManager(new Path(directory), configuration());

  @AfterEach
  void endFaults() {
    MemoryStore.beforeUpload = name -> {};
  }

  private static Configuration configuration() {
    Configuration configuration = new Configuration();
    configuration.set(MemoryStore.SETTING, MemoryStore.class.getName());
    return configuration;
  }

  private static SparkSession session() {
    SparkSession session = TestSession.get().newSession();
    session.conf().set(MemoryStore.SETTING, MemoryStore.class.getName());
    return session;
  }

  private Path path(String name) {
    return new Path(directory, name);
  }

  private CancellableFSDataOutputStream written(String name, boolean overwrites)
      throws IOException {
    CancellableFSDataOutputStream out = files.createAtomic(path(name), overwrites);
    ((OutputStream) out).write(CONTENT);
    return out;
  }

  @Test
  void aFileAppearsAsAWholeWhenItIsClosed() throws IOException {
    CancellableFSDataOutputStream out = written("offsets/0", false);
    assertThat(files.exists(path("offsets/0"))).isFalse();
    out.close();
    assertThat(MemoryStore.objects(directory)).containsOnlyKeys("offsets/0");
    try (var in = files.open(path("offsets/0"))) {
      assertThat(in.readAllBytes()).isEqualTo(CONTENT);
    }
  }

  @Test
  void aCanceledFileNeverAppears() throws IOException {
    CancellableFSDataOutputStream out = written("state/0/0/1.delta", true);
    out.cancel();
    out.close();
    out.cancel();
    assertThat(MemoryStore.objects(directory)).isEmpty();
  }

  @Test
  void aFileThatMustBeNewIsNotReplaced() throws IOException {
    CancellableFSDataOutputStream second = written("commits/0", false);
    written("commits/0", false).close();
    assertThatThrownBy(second::close).isInstanceOf(FileAlreadyExistsException.class);
    second.cancel();
    assertThatThrownBy(() -> written("commits/0", false))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("commits/0");
  }

  @Test
  void aFailedUploadIsReported() throws IOException {
    MemoryStore.beforeUpload =
        name -> {
          throw new UncheckedIOException(new IOException("the connection was cut"));
        };
    CancellableFSDataOutputStream out = written("offsets/0", false);
    assertThatThrownBy(out::close)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("offsets/0 can't be uploaded")
        .hasMessageContaining("the connection was cut");
    assertThat(MemoryStore.objects(directory)).isEmpty();
  }

  @Test
  void anInterruptNeitherEndsNorHidesAnUpload() throws Exception {
    CountDownLatch uploading = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    MemoryStore.beforeUpload =
        name -> {
          uploading.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    CancellableFSDataOutputStream out = written("callstream/batch-0", true);
    FutureTask<Boolean> close =
        new FutureTask<>(
            () -> {
              out.close();
              return Thread.currentThread().isInterrupted();
            });
    Thread thread = new Thread(close);
    thread.start();
    assertThat(uploading.await(1, TimeUnit.MINUTES)).isTrue();
    thread.interrupt();
    // The thread waits again after the interrupt, which it keeps for later.
    Processes.await(
        () -> !thread.isInterrupted() && thread.getState() == Thread.State.WAITING,
        () -> "the thread is " + thread.getState());
    assertThat(close).isNotDone();
    goOn.countDown();
    assertThat(close.get(1, TimeUnit.MINUTES)).as("interrupted after the upload").isTrue();
    assertThat(MemoryStore.objects(directory)).containsOnlyKeys("callstream/batch-0");
  }

  @ParameterizedTest
  @CsvSource({
    "shows-parts, shows a file before it is complete",
    "keeps-canceled, keeps a file whose writing was canceled",
    "lists-late, does not list a file that was just written",
    "forgets, replaces a file that exists",
    "lists-deleted, still lists a file after it was deleted"
  })
  void aStoreWithoutTheGuaranteesIsRefused(String fault, String words) {
    KafkaTopic topic = TestBroker.topic(1);
    String checkpoint = "memory://" + fault + "/" + topic.name();
    CallstreamException e =
        catchThrowableOfType(
            CallstreamException.class,
            () ->
                SparkEngine.on(session())
                    .start(
                        Driver.standard(topic).build(),
                        RunOptions.bounded().checkpointingTo(checkpoint)));
    assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT);
    assertThat(e)
        .hasMessageContaining("The checkpoint directory " + checkpoint + " can't be used")
        .hasMessageContaining("its file system " + words)
        .hasMessageContaining("HDFS, on S3");
  }

  @Test
  void aFileSystemThatIsNotOnTheClassPathIsNamedWithItsLibrary() {
    SparkSession session = TestSession.get().newSession();
    session.conf().set("fs.absent.impl", "org.example.AbsentFileSystem");
    CallstreamException e =
        catchThrowableOfType(
            CallstreamException.class,
            () ->
                SparkEngine.on(session)
                    .start(
                        Driver.standard(TestBroker.topic(1)).build(),
                        RunOptions.bounded().checkpointingTo("absent://bucket/checkpoint")));
    assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT);
    assertThat(e)
        .hasMessageContaining("absent://bucket/checkpoint is not on the class path")
        .hasMessageContaining("org.example.AbsentFileSystem")
        .hasMessageContaining("--packages org.apache.hadoop:hadoop-aws:3.3.4");
  }

  /** The store throws when something renames. */
  @ParameterizedTest
  @EnumSource(names = "ROCKSDB_WITH_CHANGELOG")
  void aRunRenamesNothingAndTheNextOneResumes(StateStore store) throws Exception {
    KafkaTopic topic = TestBroker.topic(1);
    AtomicInteger letters = new AtomicInteger();
    Pipeline pipeline =
        Driver.standard(topic)
            .deadLetters(
                Sinks.deadLetterCallback(
                    letter -> {
                      if (letter instanceof DeadLetter.Rejected) {
                        letters.incrementAndGet();
                      }
                    }))
            .build();
    String lines = ("no call " + "x".repeat(300_000) + "\n").repeat(40);
    for (int run = 1; run <= 2; run++) {
      TestBroker.send(topic, SyntheticCalls.of(600).withSeed(run));
      TestBroker.send(
          topic, CallSource.stream("no calls", new ByteArrayInputStream(lines.getBytes(UTF_8))));
      try (RunningPipeline next =
          SparkEngine.on(session(), SparkSettings.defaults().stateStore(store))
              .start(
                  pipeline, RunOptions.bounded().readingAtMost(500).checkpointingTo(directory))) {
        next.awaitTermination();
        assertThat(next.accounting().received()).isEqualTo(640L * run);
        assertThatAccounting(next.accounting()).addsUpFor(pipeline);
        assertThat(letters).hasValue(40 * run);
      }
    }
    assertThat(MemoryStore.objects(directory).keySet())
        .contains("offsets/0", "commits/0", "callstream/batch-0")
        .noneMatch(name -> name.startsWith("callstream/letters/"))
        .noneMatch(name -> name.startsWith("callstream/visible-"));
  }

  @ParameterizedTest
  @Tag("thorough")
  @EnumSource(names = "MEMORY")
  void aRunWithItsStateInMemoryRenamesNothing(StateStore store) throws Exception {
    aRunRenamesNothingAndTheNextOneResumes(store);
  }
}
