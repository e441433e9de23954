package io.callstream.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.SendReport.Ending;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class SendTallyTest {
  private final List<Long> progress = new ArrayList<>();
  private final SendTally tally = new SendTally(progress::add);

  private SendReport report() {
    return tally.report(
        Ending.BROKER_FAILED, new InputChecker().report(List.of()), Duration.ofSeconds(1));
  }

  private static void succeed(SendTally.Outcome outcome) {
    outcome.onCompletion(null, null);
  }

  @Test
  void countsEachRecordOnceWhenOutcomesComeAfterTheDeadline() throws InterruptedException {
    SendTally.Outcome first = tally.read(10);
    SendTally.Outcome second = tally.read(20);
    SendTally.Outcome third = tally.read(30);
    succeed(second);

    tally.awaitAll(System.nanoTime());
    SendReport atDeadline = report();
    progress.clear();
    succeed(first);
    third.onCompletion(null, new TimeoutException("expired"));
    third.failed(new TimeoutException("expired"));

    assertThat(atDeadline.sent()).isEqualTo(1);
    assertThat(atDeadline.failed()).isEqualTo(2);
    assertThat(atDeadline.bytes()).isEqualTo(20);
    assertThat(report()).isEqualTo(atDeadline);
    assertThat(progress).isEmpty();
    assertThat(tally.isHopeless()).isTrue();
  }

  @Test
  void namesNoRecordAsTheFirstWithoutAnOutcome() throws InterruptedException {
    SendTally.Outcome lost = tally.read(1);
    succeed(tally.read(1));

    tally.awaitAll(System.nanoTime());

    assertThat(report().failures()).isEmpty();
    assertThat(tally.firstFailure())
        .hasMessageContaining("no outcome of 1 records, so they may be in the topic or not");
    succeed(lost);
    assertThat(report().failed()).isEqualTo(1);
  }

  @Test
  void keepsTheFailureThatKafkaReportedBeforeTheDeadline() throws InterruptedException {
    tally.read(1).failed(new RecordTooLargeException("too large"));
    SendTally.Outcome lost = tally.read(1);

    tally.awaitAll(System.nanoTime());

    assertThat(report().failed()).isEqualTo(2);
    assertThat(report().failures())
        .containsExactly(new SendFailure(0, "RecordTooLargeException: too large"));
    assertThat(tally.firstFailure()).isInstanceOf(RecordTooLargeException.class);
    succeed(lost);
    assertThat(report().read()).isEqualTo(2);
  }

  @Test
  void countsTheFirstOfTwoOutcomes() throws InterruptedException {
    SendTally.Outcome outcome = tally.read(5);
    outcome.failed(new RecordTooLargeException("too large"));
    succeed(outcome);

    tally.awaitAll(System.nanoTime());

    assertThat(report().sent()).isZero();
    assertThat(report().failed()).isEqualTo(1);
  }
}
