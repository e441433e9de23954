package io.callstream.examples.cli;

import io.callstream.internal.threads.DaemonThreads;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** Shows the progress of a task: as a bar on a terminal, otherwise as a line per second. */
interface Meter extends AutoCloseable {
  long UNKNOWN = -1;

  /**
   * Shows the progress of the task. Thread-safe.
   *
   * @param records the number of records that are done
   * @param steps the part of the total that is done, in the unit of the total: records or offsets
   */
  void show(long records, long steps);

  /** Shows the number of records that are done. Thread-safe. */
  default void show(long records) {
    show(records, records);
  }

  /** Shows the final figures and ends. */
  @Override
  void close();

  /**
   * Returns a meter.
   *
   * @param task the task in one word
   * @param total the number of records, or {@link #UNKNOWN}
   */
  static Meter of(Terminal terminal, String task, long total) {
    return of(terminal, task, total, 0);
  }

  /**
   * Returns a meter of a task that an earlier run has started.
   *
   * @param done the number of records that were done before; they do not count for the rate
   */
  static Meter of(Terminal terminal, String task, long total, long done) {
    Meter meter = of(terminal, TaskProgress.ofRecords(task, total));
    meter.show(done);
    return meter;
  }

  /**
   * Returns a meter of a task whose end is known only in offsets. The first values shown are those
   * of an earlier run, and do not count for the rate.
   *
   * @param offsets the number of offsets
   */
  static Meter ofOffsets(Terminal terminal, String task, long offsets) {
    return of(terminal, TaskProgress.ofOffsets(task, offsets));
  }

  private static Meter of(Terminal terminal, TaskProgress progress) {
    return terminal.live() ? new Bar(terminal, progress) : new Lines(terminal, progress);
  }

  /** Returns a meter without a total, which stays hidden until there is progress to show. */
  static Meter late(Terminal terminal, String task) {
    return new Late(() -> of(terminal, task, UNKNOWN));
  }

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

  /** Redraws a line five times per second, also without progress, so that the rate falls. */
  final class Bar implements Meter {
    private static final int REDRAWN_EVERY_MILLIS = 200;
    private static final int MIN_COLUMNS = 10;
    private static final int UNKNOWN_COLUMNS = 80;

    private final PrintStream err;
    private final TaskProgress progress;
    private final org.jline.terminal.Terminal screen;
    private final ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("callstream-progress"));
    private boolean closed;

    Bar(Terminal terminal, TaskProgress progress) {
      this.err = terminal.err();
      this.progress = progress;
      try {
        screen = TerminalBuilder.builder().dumb(true).build();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Future<?> ignored =
          timer.scheduleAtFixedRate(this::draw, 0, REDRAWN_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void show(long records, long steps) {
      progress.reach(records, steps, System.nanoTime());
    }

    private synchronized void draw() {
      if (!closed) {
        int columns = screen.getWidth();
        progress.advance(System.nanoTime());
        err.print("\r" + progress.bar((columns < MIN_COLUMNS ? UNKNOWN_COLUMNS : columns) - 1));
      }
    }

    @Override
    public synchronized void close() {
      timer.shutdown();
      draw();
      closed = true;
      err.println();
      try {
        screen.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Prints a line per second if there was progress, and a line at the end. */
  final class Lines implements Meter {
    private static final Duration INTERVAL = Duration.ofSeconds(1);

    private final Terminal terminal;
    private final TaskProgress progress;
    private long shownNanos = System.nanoTime();
    private long latest;
    private long shown = -1;

    Lines(Terminal terminal, TaskProgress progress) {
      this.terminal = terminal;
      this.progress = progress;
    }

    @Override
    public synchronized void show(long records, long steps) {
      long now = System.nanoTime();
      progress.reach(records, steps, now);
      latest = steps;
      if (steps != shown && now - shownNanos >= INTERVAL.toNanos()) {
        print(now);
      }
    }

    private void print(long now) {
      terminal.say("%s", progress.line());
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
