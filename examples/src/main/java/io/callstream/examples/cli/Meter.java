package io.callstream.examples.cli;

import java.time.Duration;
import java.util.function.Supplier;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jspecify.annotations.Nullable;

/** Shows how far something is: as a bar on a terminal, as a line a second elsewhere. */
interface Meter extends AutoCloseable {
  /** What {@link #of} takes for a total that nobody knows. */
  long UNKNOWN = -1;

  /** Shows that so many records are done. Thread-safe. */
  void show(long done);

  /** Shows the last figure, and ends. */
  @Override
  void close();

  /**
   * Returns a meter.
   *
   * @param task what is done, in one word
   * @param total of how many records, or {@link #UNKNOWN}
   */
  static Meter of(Terminal terminal, String task, long total) {
    return of(terminal, task, total, 0);
  }

  /**
   * Returns a meter of a task that others have begun.
   *
   * @param done how many records were done before; they do not count for the rate
   */
  static Meter of(Terminal terminal, String task, long total, long done) {
    return terminal.live()
        ? new Bar(terminal, task, total, done)
        : new Lines(terminal, task, total, done);
  }

  /** Returns a meter without a total that is not seen before there is something to show. */
  static Meter late(Terminal terminal, String task) {
    return new Late(() -> of(terminal, task, UNKNOWN));
  }

  /** Another meter, from the first record on. */
  final class Late implements Meter {
    private final Supplier<Meter> making;
    private @Nullable Meter made;

    Late(Supplier<Meter> making) {
      this.making = making;
    }

    @Override
    public synchronized void show(long done) {
      if (made == null && done > 0) {
        made = making.get();
      }
      if (made != null) {
        made.show(done);
      }
    }

    @Override
    public synchronized void close() {
      if (made != null) {
        made.close();
      }
    }
  }

  /** A bar that is drawn again and again. */
  final class Bar implements Meter {
    private static final int REDRAWN_EVERY_MILLIS = 200;

    private final ProgressBar bar;

    Bar(Terminal terminal, String task, long total, long done) {
      Headway headway = new Headway(task, total);
      bar =
          new ProgressBarBuilder()
              .setInitialMax(total)
              .startsFrom(done, Duration.ZERO)
              .setUpdateIntervalMillis(REDRAWN_EVERY_MILLIS)
              .continuousUpdate()
              .setConsumer(new ConsoleProgressBarConsumer(terminal.err()))
              .setRenderer(
                  (state, width) -> {
                    headway.reach(state.getCurrent(), System.nanoTime());
                    return headway.bar(width);
                  })
              .build();
    }

    @Override
    public void show(long done) {
      bar.stepTo(done);
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /** A line whenever a second has passed and something was done, and one at the end. */
  final class Lines implements Meter {
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final Terminal terminal;
    private final Headway headway;
    private long shownNanos = System.nanoTime();
    private long latest;
    private long shown = -1;

    Lines(Terminal terminal, String task, long total, long done) {
      this.terminal = terminal;
      headway = new Headway(task, total);
      headway.reach(done, shownNanos);
    }

    @Override
    public synchronized void show(long done) {
      long now = System.nanoTime();
      headway.reach(done, now);
      latest = done;
      if (done != shown && now - shownNanos >= INTERVAL.toNanos()) {
        print(now);
      }
    }

    private void print(long now) {
      terminal.say("%s", headway.line());
      shownNanos = now;
      shown = latest;
    }

    @Override
    public synchronized void close() {
      if (latest != shown) {
        print(System.nanoTime());
      }
    }
  }
}
