package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class PublisherTest {
  @TempDir private Path directory;

  @Test
  void publishesAtOnceThenAtMostASecondLater() throws InterruptedException {
    AtomicInteger works = new AtomicInteger();
    CountDownLatch second = new CountDownLatch(2);
    try (Publisher publisher =
        new Publisher(
            directory,
            () -> {
              works.incrementAndGet();
              second.countDown();
            })) {
      publisher.request();
      assertThat(works).hasValue(1);
      long start = System.nanoTime();
      for (int i = 0; i < 1_000; i++) {
        publisher.request();
      }
      assertThat(second.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isLessThan(2_000);
      assertThat(works).hasValue(2);
    }
    assertThat(works).hasValue(3);
  }

  @Test
  void closingWhileItPublishesDisturbsNothing() throws Exception {
    CountDownLatch inTimer = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger works = new AtomicInteger();
    Path file = directory.resolve("a.csv");
    Publisher publisher =
        new Publisher(
            directory,
            () -> {
              if (works.incrementAndGet() == 2) {
                inTimer.countDown();
                awaitUninterruptibly(goOn);
              }
              Publisher.replace(
                  file, channel -> channel.write(ByteBuffer.wrap("x".getBytes(UTF_8))));
            });
    publisher.request();
    publisher.request();
    assertThat(inTimer.await(10, TimeUnit.SECONDS)).isTrue();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread closer = new Thread(publisher::close);
    closer.setUncaughtExceptionHandler((t, e) -> failure.set(e));
    closer.start();
    while (closer.getState() != Thread.State.BLOCKED && closer.isAlive()) {
      Thread.onSpinWait();
    }
    goOn.countDown();
    closer.join();

    assertThat(failure.get()).isNull();
    assertThat(works).hasValue(3);
    assertThat(Files.readString(file)).isEqualTo("x");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(file);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void whatFailsInTheBackgroundIsThrownAtTheNextCall() throws InterruptedException {
    AtomicInteger works = new AtomicInteger();
    CountDownLatch failed = new CountDownLatch(1);
    Publisher publisher =
        new Publisher(
            directory,
            () -> {
              if (works.incrementAndGet() > 1) {
                failed.countDown();
                throw new IOException("disk full");
              }
            });
    publisher.request();
    publisher.request();
    assertThat(failed.await(10, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(publisher::request)
        .isInstanceOf(CallstreamException.class)
        .hasMessageContaining("disk full")
        .hasMessageContaining(directory.toString());
    assertThatThrownBy(publisher::close).isInstanceOf(CallstreamException.class);
  }

  @Test
  void theOldFileStaysWhereTheNewOneFails() throws IOException {
    Path file = directory.resolve("a.csv");
    Publisher.replace(file, channel -> channel.write(ByteBuffer.wrap("old".getBytes(UTF_8))));
    assertThatThrownBy(
            () ->
                Publisher.replace(
                    file,
                    channel -> {
                      channel.write(ByteBuffer.wrap("ne".getBytes(UTF_8)));
                      throw new IOException("disk full");
                    }))
        .hasMessage("disk full");
    assertThat(Files.readString(file)).isEqualTo("old");
  }
}
