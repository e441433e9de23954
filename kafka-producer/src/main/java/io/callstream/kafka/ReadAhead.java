package io.callstream.kafka;

import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.internal.threads.DaemonThreads;
import io.callstream.kafka.InputChecker.Problem;
import io.callstream.kafka.source.CallRecords;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads records and finds their keys in a separate thread, ahead of the sender. The sender takes
 * all waiting records at once. At most {@value #MAX_RECORDS} records and {@value #MAX_BYTES} bytes
 * wait, plus the record that exceeds the limit. The sender holds up to as many again. For one
 * sender.
 */
final class ReadAhead implements AutoCloseable {
  static final int MAX_RECORDS = 4096;
  static final int MAX_BYTES = 4 << 20;

  /**
   * The number of records for which the sender wakes early. It waits up to {@link #PATIENCE_NANOS}
   * for that many.
   */
  private static final int ENOUGH = 256;

  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** How often the sender checks whether it should give up. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** How long {@link #close} waits for a running read. */
  private static final long CLOSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final Set<Field<?>> UNREADABLE = Set.of(Fields.ID, Fields.TYPE, Fields.TIME);

  private final CallRecords records;
  private final CallFormat format;
  private CallParser parser;
  private final boolean hasId;
  private final boolean timed;
  private final Thread thread = DaemonThreads.of("callstream-read-ahead", this::readAll);
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition some = lock.newCondition();
  private final Condition room = lock.newCondition();
  private List<Read> waiting = new ArrayList<>();
  private long bytes;
  private boolean ended;
  private boolean closed;
  private @Nullable Throwable failure;
  private List<String> remarks = List.of();

  /**
   * A record that was read.
   *
   * @param key the id in the record; null if it has none
   * @param epochMillis the event time; {@link Pacer#NO_TIME} if the record has none, or if event
   *     times are not needed
   * @param problem why the record is not a call with an id; null if it is one
   */
  record Read(byte @Nullable [] key, byte[] value, long epochMillis, @Nullable Problem problem) {
    int size() {
      return value.length + (key == null ? 0 : key.length);
    }
  }

  private ReadAhead(CallRecords records, CallFormat format, boolean timed) {
    this.records = records;
    this.format = format;
    this.parser = format.parser(Set.of(Fields.ID));
    this.hasId = format.fields().contains(Fields.ID) || format.fields().containsAll(Fields.ALL);
    this.timed = timed;
  }

  /**
   * Starts to read records. The reading thread closes them at the end.
   *
   * @param pace determines whether event times are needed
   */
  static ReadAhead start(CallRecords records, CallFormat format, Pace pace) {
    ReadAhead ahead = new ReadAhead(records, format, pace instanceof Pace.EventTime);
    ahead.thread.start();
    return ahead;
  }

  private void readAll() {
    Throwable thrown = null;
    try (records) {
      boolean wanted = true;
      while (wanted && records.hasNext()) {
        wanted = add(read(records.next()));
      }
    } catch (RuntimeException | Error e) {
      thrown = e;
    }
    List<String> met = records.remarks();
    lock.lock();
    try {
      failure = thrown;
      remarks = met;
      ended = true;
      some.signal();
    } finally {
      lock.unlock();
    }
  }

  private Read read(byte[] value) {
    try {
      return parsed(value);
    } catch (RuntimeException | StackOverflowError | AssertionError e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      // The record is sent anyway. The parser may be in an undefined state, so create a new one.
      parser = format.parser(Set.of(Fields.ID));
      ParseResult.Rejected rejected =
          new ParseResult.Rejected(
              RejectionReason.FORMAT_FAILED, null, value, e.getClass().getName());
      return new Read(null, value, Pacer.NO_TIME, new Problem(UNREADABLE, rejected));
    }
  }

  private Read parsed(byte[] value) {
    if (!timed) {
      byte[] id = parser.idOfCall(value);
      if (id != null) {
        return new Read(id, value, Pacer.NO_TIME, null);
      }
    }
    ParseResult result = parser.parse(value);
    byte[] id = parser.id(value);
    if (result instanceof ParseResult.Parsed parsed) {
      Problem problem = hasId && id == null ? Problem.NO_ID : null;
      return new Read(id, value, parsed.call().epochMillis(), problem);
    }
    Problem problem = new Problem(parser.unreadable(value), (ParseResult.Rejected) result);
    return new Read(id, value, Pacer.NO_TIME, problem);
  }

  /** Adds a record as soon as there is room, and returns whether more records are needed. */
  private boolean add(Read read) {
    lock.lock();
    try {
      while ((waiting.size() >= MAX_RECORDS || bytes >= MAX_BYTES) && !closed) {
        room.awaitUninterruptibly();
      }
      waiting.add(read);
      bytes += read.size();
      if (waiting.size() == 1 || waiting.size() == ENOUGH) {
        some.signal();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for records and returns the waiting ones in their order. The list is empty at the end, or
   * if the sender gave up before a record arrived.
   *
   * @param givenUp checked about every 100 ms while no record arrives
   * @throws RuntimeException the exception that ended the reading, after all records before it were
   *     taken
   */
  List<Read> take(BooleanSupplier givenUp) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (waiting.isEmpty() && !ended) {
        if (some.awaitNanos(LOOK_NANOS) <= 0 && givenUp.getAsBoolean()) {
          return List.of();
        }
      }
      long patience = PATIENCE_NANOS;
      while (waiting.size() < ENOUGH && !ended && patience > 0) {
        patience = some.awaitNanos(patience);
      }
      if (waiting.isEmpty()) {
        throwFailure();
      }
      List<Read> taken = waiting;
      waiting = new ArrayList<>(taken.size());
      bytes = 0;
      room.signal();
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Returns the remarks of the source, or an empty list until all its records were read. */
  List<String> remarks() {
    lock.lock();
    try {
      return remarks;
    } finally {
      lock.unlock();
    }
  }

  private void throwFailure() {
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  /**
   * Ends the reading and waits until the current read returns. An interrupt of the caller also
   * interrupts the read, and the flag of the caller is kept.
   *
   * <p>A read that takes longer than a second is interrupted in any case. If it does not return
   * then, as with an idle standard input, this method does not wait any longer. The reading thread
   * closes the records when the read returns.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      room.signal();
    } finally {
      lock.unlock();
    }
    boolean interrupted = Thread.interrupted();
    long end = System.nanoTime() + CLOSE_NANOS;
    for (long left = CLOSE_NANOS; left > 0 && thread.isAlive(); left = end - System.nanoTime()) {
      if (interrupted) {
        thread.interrupt();
      }
      try {
        TimeUnit.NANOSECONDS.timedJoin(thread, left);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    thread.interrupt();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
