package io.callstream.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.CallField;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.source.CallRecords;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ReadAheadTest {
  /** One record, and then nothing for as long as the test likes, whoever interrupts. */
  private static final class Idle implements CallRecords {
    final CountDownLatch more = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    private boolean given;

    @Override
    public boolean hasNext() {
      while (given && more.getCount() > 0) {
        try {
          more.await();
        } catch (InterruptedException e) {
          // A read of the standard input does not mind either.
        }
      }
      return !given;
    }

    @Override
    public byte[] next() {
      given = true;
      return "any".getBytes(UTF_8);
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private final Idle idle = new Idle();
  private final ReadAhead ahead =
      ReadAhead.start(idle, SanFranciscoCalls.json().parser(Set.of(CallField.ID)));

  @Test
  void aSenderThatGivesUpNeedNotWaitForAnIdleSource() throws Exception {
    assertThat(ahead.take(() -> false)).hasSize(1);
    assertThat(ahead.take(() -> true)).isEmpty();

    idle.more.countDown();
    ahead.close();
    assertThat(idle.closed.getCount()).isZero();
  }

  @Test
  void aCloseLeavesAReadThatDoesNotReturnToItsThread() throws Exception {
    assertThat(ahead.take(() -> false)).hasSize(1);
    ahead.close();
    assertThat(idle.closed.getCount()).isEqualTo(1);

    idle.more.countDown();
    assertThat(idle.closed.await(30, TimeUnit.SECONDS)).isTrue();
  }
}
