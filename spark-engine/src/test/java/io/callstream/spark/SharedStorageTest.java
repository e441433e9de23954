package io.callstream.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag$;

/** Verifies the check while other tasks keep all cores busy. */
class SharedStorageTest {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger(SharedStorage.class);

  private static final Duration LONG = Duration.ofMinutes(2);

  private final SparkContext context = TestSession.get().sparkContext();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private JavaFutureAction<Void> blocked;

  /** Shared with the tasks, which run in this process. */
  private static CountDownLatch started;

  private static CountDownLatch freed;

  @BeforeEach
  void keepAllCoresBusy() throws Exception {
    log.start();
    LOGGER.addAppender(log);
    started = new CountDownLatch(2);
    freed = new CountDownLatch(1);
    blocked =
        JavaSparkContext.fromSparkContext(context)
            .parallelize(List.of(1, 2), 2)
            .foreachAsync(
                number -> {
                  started.countDown();
                  freed.await();
                });
    assertThat(started.await(1, TimeUnit.MINUTES)).isTrue();
  }

  @AfterEach
  void freeCores() throws Exception {
    freed.countDown();
    Void ignored = blocked.get(1, TimeUnit.MINUTES);
    LOGGER.detachAppender(log);
  }

  private void ask(SharedStorage.Patience patience) {
    Broadcast<SerializableConfiguration> hadoop =
        context.broadcast(
            new SerializableConfiguration(context.hadoopConfiguration()),
            ClassTag$.MODULE$.<SerializableConfiguration>apply(SerializableConfiguration.class));
    SharedStorage.require(
        context, new Path("file:/nowhere/visible"), "visible", hadoop, null, patience);
  }

  @Test
  void warnsAndFailsIfNoExecutorAnswers() {
    CallstreamException e =
        catchThrowableOfType(
            CallstreamException.class,
            () -> ask(new SharedStorage.Patience(Duration.ofMillis(1), Duration.ofSeconds(1))));

    assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT);
    assertThat(e)
        .hasMessageContaining("No executor of local[2] has answered within 1 s")
        .hasMessageContaining("Add workers, or free cores and memory");
    assertThat(log.list).isNotEmpty();
    assertThat(log.list.get(0).getLevel()).isEqualTo(Level.WARN);
    assertThat(log.list.get(0).getFormattedMessage())
        .contains("after 0 s of at most 1 s. Add workers, or free cores and memory");
  }

  @Test
  void anInterruptEndsTheWait() throws Exception {
    CompletableFuture<CallstreamException> failure = new CompletableFuture<>();
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              failure.complete(
                  catchThrowableOfType(
                      CallstreamException.class,
                      () -> ask(new SharedStorage.Patience(Duration.ofMillis(10), LONG))));
              interrupted.complete(Thread.currentThread().isInterrupted());
            });
    thread.start();
    Processes.await(() -> !log.list.isEmpty(), () -> "no warning");
    thread.interrupt();

    assertThat(failure.get(1, TimeUnit.MINUTES))
        .hasMessageContaining("was interrupted before an executor of local[2] had answered");
    assertThat(interrupted.get(1, TimeUnit.MINUTES)).isTrue();
  }
}
