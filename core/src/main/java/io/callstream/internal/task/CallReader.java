package io.callstream.internal.task;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import io.callstream.internal.source.InputRecord;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Origin;
import io.callstream.progress.Accounting;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The first half of a task: turns records into calls, passes rejected records to the dead letters,
 * and keeps the accounting of both. Not thread-safe.
 */
public final class CallReader {
  private static final byte[] NOTHING = {};

  private final TaskPlan plan;
  private final String timeField;
  private CallParser parser;

  /** A field that the plan does not need; null if it needs all. */
  private final @Nullable CallField unasked;

  private final Consumer<DeadLetter> letters;
  private final long beginMillis;
  private final Map<Integer, Position> positions = new TreeMap<>();
  private int lastPartition = -1;
  private Position last;
  private long received;
  private long rejected;
  private long unstamped;
  private long greatestAge;

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

  /** Creates a reader. All records existed at {@code begin}. */
  public CallReader(TaskPlan plan, Instant begin, Consumer<DeadLetter> letters) {
    this.beginMillis = begin.toEpochMilli();
    this.plan = plan;
    this.parser = plan.newParser();
    this.timeField = plan.format().timeField();
    this.unasked =
        Stream.of(CallField.values())
            .filter(field -> field != CallField.TIME && !plan.fields().contains(field))
            .findFirst()
            .orElse(null);
    this.letters = letters;
    last = new Position(0, plan.maxEventTimeJumpMillis());
  }

  /** Returns the call of a record, or null if the record was rejected. */
  public @Nullable Call read(InputRecord record) {
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
    byte[] value = record.value();
    ParseResult result = parse(record, value == null ? NOTHING : value);
    if (result instanceof Rejected rejection) {
      reject(record, rejection.reason(), rejection.field(), rejection.detail());
      if (rejection.reason() == RejectionReason.FORMAT_FAILED) {
        parser = plan.newParser();
      }
      return null;
    }
    Call call = ((Parsed) result).call();
    // Both terms are positive, so a negative sum is an overflow. Then no time is too late.
    long latest = record.timestampMillis() + plan.maxFutureSkewMillis();
    if (record.timestampMillis() >= 0 && latest >= 0 && call.epochMillis() > latest) {
      reject(record, RejectionReason.FUTURE_TIME, timeField, null);
      return null;
    }
    position.clock.add(call.epochMillis());
    return unasked != null && call.has(unasked) ? call.only(plan.fields()) : call;
  }

  private Position position(InputRecord record) {
    Position position = positions.get(record.partition());
    if (position == null) {
      position = new Position(record.offset(), plan.maxEventTimeJumpMillis());
      positions.put(record.partition(), position);
    }
    return position;
  }

  private ParseResult parse(InputRecord record, byte[] value) {
    try {
      return ParseResult.of(parser, value);
    } catch (LinkageError e) {
      throw new CallstreamException(
          ErrorCode.FORMAT_FAILED,
          ("The format '%s' lacks a class (%s) at %s. Add its library to the class path, on a"
                  + " cluster to that of the executors too.")
              .formatted(plan.format().name(), e, origin(plan, record)),
          e);
    }
  }

  private void reject(
      InputRecord record, RejectionReason reason, @Nullable String field, @Nullable String detail) {
    rejected++;
    letters.accept(
        new DeadLetter.Rejected(origin(plan, record), record.value(), reason, field, detail));
  }

  static Origin origin(TaskPlan plan, InputRecord record) {
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
        new Accounting(received, rejected, 0, 0, 0, 0, Map.of()),
        segments,
        stamped == 0
            ? Timestamps.NONE
            : new Timestamps(stamped, beginMillis - greatestAge, beginMillis - ages / stamped));
  }
}
