package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.internal.sink.TerminalStyle;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TaskProgressTest {
  private static TaskProgress progress(long total, long... doneAtEachSecond) {
    TaskProgress progress = TaskProgress.ofRecords("counted", total);
    for (int second = 0; second < doneAtEachSecond.length; second++) {
      long done = doneAtEachSecond[second];
      progress.reach(done, done, second * 1_000_000_000L - 7);
    }
    return progress;
  }

  @Test
  void aLineTellsRateAndTimeLeft() {
    assertThat(progress(50_000).line()).isEqualTo("counted   0 of 50,000 records");
    assertThat(progress(50_000, 0, 10_000, 20_000).line())
        .isEqualTo("counted   20,000 of 50,000 records, 10,000/s, 3 s left");
    assertThat(progress(50_000, 0, 25_000, 50_000).line())
        .isEqualTo("counted   50,000 of 50,000 records, 25,000/s");
    assertThat(progress(Meter.UNKNOWN, 0, 1_500).line())
        .isEqualTo("counted   1,500 records, 1,500/s");
    assertThat(progress(Meter.UNKNOWN, 0, 1).line()).isEqualTo("counted   1 record, 1/s");
    assertThat(progress(1, 1).line()).isEqualTo("counted   1 of 1 record");
  }

  @Test
  void longTimesAreTold() {
    assertThat(progress(1_000, 0, 10).line()).endsWith("10/s, 1 min 39 s left");
    assertThat(progress(100_000, 0, 10).line()).endsWith("10/s, 2 h 46 min left");
  }

  @Test
  void whatAnEarlierRunDidIsNotFast() {
    assertThat(progress(1_000_000, 900_000, 900_500).line())
        .isEqualTo("counted   900,500 of 1,000,000 records, 500/s, 3 min 19 s left");
  }

  @Test
  void theRateIsThatOfTheLastSeconds() {
    long[] done = new long[101];
    for (int second = 0; second < done.length; second++) {
      done[second] = second <= 50 ? second * 1_000L : 50_000 + (second - 50) * 10L;
    }
    assertThat(progress(Meter.UNKNOWN, done).line()).isEqualTo("counted   50,500 records, 10/s");
  }

  @Test
  void aBarTakesTheRoomThatTheFiguresLeave() {
    assertThat(progress(50_000, 0, 10_000, 20_000).bar(79))
        .hasSize(79)
        .isEqualTo(
            "counted    40% [==========               ] 20,000 of 50,000  10,000/s  3 s left");
    assertThat(progress(50_000, 0, 10_000, 20_000).bar(60))
        .isEqualTo("counted    40%  20,000 of 50,000  10,000/s  3 s left");
    assertThat(progress(50_000, 0, 10_000, 20_000).bar(30))
        .isEqualTo("counted    40%  20,000 of 50,0");
    assertThat(progress(0, 0).bar(50))
        .isEqualTo("counted   100% [==========================] 0 of 0");
    assertThat(progress(Meter.UNKNOWN, 0, 1_500).bar(79))
        .isEqualTo("counted   1,500 records  1,500/s");
  }

  /**
   * Covers a topic with 18 records and four ends of transactions, and a compacted topic in which 5
   * records of 33 offsets remain.
   */
  @Test
  void offsetsAreNotReportedAsRecords() {
    TaskProgress transactions = TaskProgress.ofOffsets("counted", 22);
    transactions.reach(0, 0, 0);
    transactions.reach(9, 11, 1_000_000_000L);
    assertThat(transactions.line())
        .isEqualTo("counted   9 records, 50% of the offsets read, 9/s, 1 s left");
    transactions.reach(18, 22, 2_000_000_000L);
    assertThat(transactions.line())
        .isEqualTo("counted   18 records, 100% of the offsets read, 9/s");
    assertThat(transactions.bar(50))
        .isEqualTo("counted   100% [=================] 18 records  9/s");

    TaskProgress compacted = TaskProgress.ofOffsets("counted", 33);
    compacted.reach(0, 0, 0);
    compacted.reach(5, 33, 5_000_000_000L);
    assertThat(compacted.line()).isEqualTo("counted   5 records, 100% of the offsets read, 1/s");
  }

  @Test
  void whatAnEarlierRunReadIsNotFast() {
    TaskProgress progress = TaskProgress.ofOffsets("counted", 1_000_000);
    progress.reach(800_000, 900_000, 0);
    progress.reach(800_250, 900_500, 1_000_000_000L);
    assertThat(progress.line())
        .isEqualTo("counted   800,250 records, 90% of the offsets read, 250/s, 3 min 19 s left");
  }

  @Test
  void theRateFallsWhileThereIsNoProgress() {
    TaskProgress progress = progress(50_000, 0, 10_000, 20_000);

    progress.advance(4_000_000_000L - 7);
    assertThat(progress.line()).isEqualTo("counted   20,000 of 50,000 records, 5,000/s, 6 s left");
    progress.advance(12_000_000_000L - 7);
    progress.advance(30_000_000_000L - 7);
    assertThat(progress.line()).isEqualTo("counted   20,000 of 50,000 records");
  }

  @Test
  void timeWithoutProgressBeforeTheFirstRecordsDoesNotCount() {
    TaskProgress progress = TaskProgress.ofRecords("counted", 50_000);
    progress.advance(-5_000_000_000L);
    progress.reach(900, 900, 0);
    progress.reach(1_900, 1_900, 1_000_000_000L);

    assertThat(progress.line()).isEqualTo("counted   1,900 of 50,000 records, 1,000/s, 48 s left");
  }

  @Test
  @Timeout(60)
  void aBarShowsAFallingRateIfTheTaskHangs() throws InterruptedException {
    BlockingQueue<String> shown = new LinkedBlockingQueue<>();
    OutputStream err =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void flush() {
            shown.add(toString(UTF_8));
            reset();
          }
        };
    try (Meter meter = Meter.of(terminal(err, true), "counted", 50_000)) {
      meter.show(10_000);
      Set<String> rates = new HashSet<>();
      while (rates.size() < 3) {
        Matcher rate = Pattern.compile("[\\d,]+/s").matcher(shown.take());
        while (rate.find()) {
          rates.add(rate.group());
        }
      }
    }
  }

  private static Terminal terminal(OutputStream err, boolean live) {
    PrintStream shown = new PrintStream(err, true, UTF_8);
    return new Terminal(
        InputStream.nullInputStream(),
        new ResultStream(shown),
        shown,
        live,
        () -> Terminal.NO_COLUMNS,
        TerminalStyle.PLAIN,
        TerminalStyle.PLAIN);
  }

  @Test
  void whatWasDoneBeforeAMeterBeganIsNoRateOfIt() {
    ByteArrayOutputStream err = new ByteArrayOutputStream();

    try (Meter meter = Meter.of(terminal(err, false), "counted", 1_000, 900)) {
      meter.show(900);
    }

    assertThat(err.toString(UTF_8)).isEqualTo("counted   900 of 1,000 records\n");
  }
}
