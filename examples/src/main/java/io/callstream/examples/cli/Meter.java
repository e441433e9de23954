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

  /**
   * Shows how far the task is. Thread-safe.
   *
   * @param records how many records are done
   * @param steps how much of the total is done: the same, or offsets
   */
  void show(long records, long steps);

  /** Shows that so many records are done. Thread-safe. */
  default void show(long records) {
    show(records, records);
  }

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
   * Returns a meter of a task that an earlier run has begun.
   *
   * @param done how many records were done before; they do not count for the rate
   */
  static Meter of(Terminal terminal, String task, long total, long done) {
    Meter meter = of(terminal, Headway.ofRecords(task, total), total);
    meter.show(done);
    return meter;
  }

  /**
   * Returns a meter of a task whose end is known in offsets only. What is shown first was done
   * before, and does not count for the rate.
   *
   * @param offsets how many there are
   */
  static Meter ofOffsets(Terminal terminal, String task, long offsets) {
    return of(terminal, Headway.ofOffsets(task, offsets), offsets);
  }

  private static Meter of(Terminal terminal, Headway headway, long total) {
    return terminal.live() ? new Bar(terminal, headway, total) : new Lines(terminal, headway);
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
    public synchronized void show(long records, long steps) {
      if (made == null && records > 0) {
        made = making.get();
      }
      if (made != null) {
        made.show(records, steps);
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
    private volatile Shown shown = new Shown(0, 0);
    private volatile boolean started;

    private record Shown(long records, long steps) {}

    Bar(Terminal terminal, Headway headway, long total) {
      bar =
          new ProgressBarBuilder()
              .setInitialMax(total)
              .setUpdateIntervalMillis(REDRAWN_EVERY_MILLIS)
              .continuousUpdate()
              .setConsumer(new ConsoleProgressBarConsumer(terminal.err()))
              .setRenderer(
                  (state, width) -> {
                    if (started) {
                      headway.reach(shown.records(), shown.steps(), System.nanoTime());
                    }
                    return headway.bar(width);
                  })
              .build();
    }

    @Override
    public void show(long records, long steps) {
      shown = new Shown(records, steps);
      started = true;
      bar.stepTo(steps);
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

    Lines(Terminal terminal, Headway headway) {
      this.terminal = terminal;
      this.headway = headway;
    }

    @Override
    public synchronized void show(long records, long steps) {
      long now = System.nanoTime();
      headway.reach(records, steps, now);
      latest = steps;
      if (steps != shown && now - shownNanos >= INTERVAL.toNanos()) {
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
