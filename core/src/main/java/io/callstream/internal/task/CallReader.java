package io.callstream.internal.task;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Origin;
import io.callstream.progress.Accounting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The first half of a task: turns records into calls, passes rejected records to the dead letters,
 * and keeps the accounting of both. Not thread-safe.
 */
public final class CallReader {
  private final TaskPlan plan;
  private final String timeField;
  private CallParser parser;

  private final Calls calls;
  private final Consumer<DeadLetter> letters;
  private final long beginMillis;
  private final Map<Integer, Position> positions = new TreeMap<>();
  private int lastPartition = -1;
  private Position last;
  private long received;
  private long rejected;
  private long additional;
  private long unstamped;
  private long greatestAge;

  /** The tables whose fields calls get. */
  private final JoinTable[] joined;

  private final List<Call> rows = new ArrayList<>();

  /** Receives calls with their records, and their indexes in these, from 0. */
  @FunctionalInterface
  public interface Calls {
    void take(Call call, CallRecord record, int index);
  }

  /** A sum of milliseconds. A long would overflow at 5 million records with a timestamp of 1970. */
  private double ages;

  private static final class Position {
    final long firstOffset;
    final PartitionClock clock;
    long nextOffset;

    Position(long firstOffset, long maxJumpMillis) {
      this.firstOffset = firstOffset;
      clock = PartitionClock.ofSegment(maxJumpMillis);
    }
  }

  /**
   * Creates a reader that has not read any records.
   *
   * @param tables the tables of the batch
   * @param begin the current time, at which the records already existed
   * @param calls receives the calls of records that are not rejected
   */
  public CallReader(
      TaskPlan plan,
      LookupTables tables,
      Instant begin,
      Calls calls,
      Consumer<DeadLetter> letters) {
    joined = tables.of(plan.joins(), Join::isRead);
    this.calls = calls;
    this.beginMillis = begin.toEpochMilli();
    this.plan = plan;
    this.parser = plan.newParser();
    this.timeField = plan.format().timeField();
    this.letters = letters;
    last = new Position(0, plan.maxEventTimeJumpMillis());
  }

  /** Reads a record, which must follow the previous one of its partition. */
  public void read(CallRecord record) {
    received++;
    if (record.partition() != lastPartition) {
      lastPartition = record.partition();
      last = position(record);
    }
    Position position = last;
    position.nextOffset = Math.max(position.nextOffset, record.offset() + 1);
    if (record.timestampMillis() < 0) {
      unstamped++;
    } else {
      long age = Math.max(0, beginMillis - record.timestampMillis());
      ages += age;
      greatestAge = Math.max(greatestAge, age);
    }
    ParseResult result = parse(record);
    if (result instanceof Rejected rejection) {
      reject(record, rejection.reason(), rejection.field(), rejection.detail());
      if (rejection.reason().equals(RejectionReason.FORMAT_FAILED)) {
        parser = plan.newParser();
      }
      return;
    }
    Parsed parsed = (Parsed) result;
    List<Call> others = parsed.others();
    if (isTooLate(parsed.call(), record) || hasTooLate(others, record)) {
      reject(record, RejectionReason.FUTURE_TIME, timeField, null);
      return;
    }
    take(parsed.call(), record, 0, position);
    for (int i = 0; i < others.size(); i++) {
      additional++;
      take(others.get(i), record, i + 1, position);
    }
  }

  private boolean hasTooLate(List<Call> others, CallRecord record) {
    for (Call call : others) {
      if (isTooLate(call, record)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a call is too far in the future of its record. */
  private boolean isTooLate(Call call, CallRecord record) {
    // Both terms are positive, so a negative sum is an overflow. Then no time is too late.
    long latest = record.timestampMillis() + plan.maxFutureSkewMillis();
    return record.timestampMillis() >= 0 && latest >= 0 && call.epochMillis() > latest;
  }

  private void take(Call call, CallRecord record, int index, Position position) {
    position.clock.add(call.epochMillis());
    Call own = plan.generatesIds() ? withId(call, record, index) : call;
    calls.take(joined.length == 0 ? own.only(plan.fields()) : joined(own), record, index);
  }

  /** Returns a call with the fields of its rows. */
  private Call joined(Call call) {
    rows.clear();
    for (JoinTable table : joined) {
      Call row = table.row(call);
      if (row != null) {
        rows.add(row);
      }
    }
    return call.joined(plan.fields(), rows);
  }

  /** Returns a call with its place as the id, for a format that has no ids. */
  private Call withId(Call call, CallRecord record, int index) {
    Call.Builder copy = Call.builder(call.time(), plan.fields());
    if (call.ambiguousTime()) {
      copy.withAmbiguousTime();
    }
    for (Field<?> field : plan.orderedFields()) {
      if (field != Fields.ID && call.has(field) && call.isPresent(field)) {
        copy(call, field, copy);
      }
    }
    String place = plan.topic() + "-" + record.partition() + "-" + record.offset();
    return copy.with(Fields.ID, index == 0 ? place : place + "-" + index).build();
  }

  private static <T> void copy(Call from, Field<T> field, Call.Builder to) {
    T value = from.get(field);
    if (value != null) {
      to.with(field, value);
    }
  }

  private Position position(CallRecord record) {
    Position position = positions.get(record.partition());
    if (position == null) {
      position = new Position(record.offset(), plan.maxEventTimeJumpMillis());
      positions.put(record.partition(), position);
    }
    return position;
  }

  private ParseResult parse(CallRecord record) {
    try {
      return ParseResult.of(parser, record);
    } catch (LinkageError e) {
      throw new CallstreamException(
          ErrorCode.FORMAT_FAILED,
          "The format '"
              + plan.format().name()
              + "' lacks a class ("
              + e
              + ") at "
              + origin(plan, record)
              + ". Add its library to the class path, on a cluster to that of the executors too.",
          e);
    }
  }

  private void reject(
      CallRecord record, RejectionReason reason, @Nullable String field, @Nullable String detail) {
    rejected++;
    letters.accept(
        new DeadLetter.Rejected(origin(plan, record), valueOf(record), reason, field, detail));
  }

  /** Returns the value of a record, or null if it has none. */
  static byte @Nullable [] valueOf(CallRecord record) {
    return record.hasValue() ? record.value() : null;
  }

  static Origin origin(TaskPlan plan, CallRecord record) {
    return new Origin(
        plan.topic(),
        record.partition(),
        record.offset(),
        Instant.ofEpochMilli(record.timestampMillis()));
  }

  /** Returns the counts of received and rejected records, and the progress of the partitions. */
  public TaskReport report() {
    List<PartitionSegment> segments = new ArrayList<>();
    positions.forEach(
        (partition, position) ->
            segments.add(
                new PartitionSegment(
                    partition, position.firstOffset, position.nextOffset, position.clock)));
    long stamped = received - unstamped;
    return new TaskReport(
        new Accounting(received, rejected, additional, 0, 0, 0, 0, Map.of(), Map.of()),
        segments,
        stamped == 0
            ? Timestamps.NONE
            : new Timestamps(stamped, beginMillis - greatestAge, beginMillis - ages / stamped));
  }
}
