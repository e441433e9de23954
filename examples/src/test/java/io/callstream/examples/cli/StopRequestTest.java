package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.examples.cli.StopRequest.InterruptedCommandException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class StopRequestTest {
  private final StopRequest interruption = StopRequest.none();

  @Test
  void aRequestEndsWorkThatWaits() {
    CountDownLatch waiting = new CountDownLatch(1);
    Thread user =
        new Thread(
            () -> {
              try {
                waiting.await();
                interruption.request(130);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    user.start();

    assertThatThrownBy(
            () ->
                interruption.interrupting(
                    () -> {
                      waiting.countDown();
                      try {
                        new CountDownLatch(1).await();
                        return "";
                      } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new IllegalStateException(e);
                      }
                    }))
        .isInstanceOf(InterruptedCommandException.class);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(interruption.status()).isEqualTo(130);
  }

  @Test
  void workThatThrowsAnUndeclaredInterruptionEndsWithoutAMessage() {
    assertThatThrownBy(
            () ->
                interruption.interrupting(
                    () -> {
                      interruption.request(143);
                      throw undeclared(new InterruptedException());
                    }))
        .isInstanceOf(InterruptedCommandException.class);
  }

  /** Throws an exception without declaring it, as Scala code may do. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException undeclared(Throwable failure) throws E {
    throw (E) failure;
  }

  @Test
  void workThatHasEndedIsNotInterrupted() {
    assertThat(interruption.<String>interrupting(() -> "done")).isEqualTo("done");
    interruption.request(130);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void aFailureWithoutARequestIsThrown() {
    IllegalStateException failure = new IllegalStateException("no broker");
    assertThatThrownBy(
            () ->
                interruption.interrupting(
                    () -> {
                      throw failure;
                    }))
        .isSameAs(failure);
  }
}
