package io.callstream.internal.task;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.internal.aggregate.BlockMerger;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The part of a pipeline that tasks need: everything except the source, the sinks and the
 * listeners. Immutable, thread-safe and serializable.
 */
public final class TaskPlan implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final long NO_HORIZON = -1;

  private final String topic;
  private final CallFormat format;
  private final List<Statistic> statistics;
  private final Set<Field<?>> fields;
  private final List<Field<?>> orderedFields;
  private final boolean generatesIds;
  private final List<Join> joins;
  private final Set<Field<?>> parsedFields;
  private final long maxFutureSkewMillis;
  private final long distinctHorizonMillis;
  private final long correctionHorizonMillis;
  private final long maxEventTimeJumpMillis;
  private final List<StatisticStart> starts;

  /** Creates a plan. Fails if a statistic or the format cannot be sent to tasks. */
  public TaskPlan(Pipeline pipeline) {
    pipeline.statistics().forEach(TaskPlan::requireSendable);
    topic =
        pipeline.source() instanceof KafkaTopic kafka
            ? kafka.name()
            : pipeline.source().description();
    format = pipeline.format();
    statistics = pipeline.statistics();
    fields = pipeline.fields();
    orderedFields = fields.stream().sorted().toList();
    generatesIds = fields.contains(Fields.ID) && !Fields.has(format, Fields.ID);
    joins = pipeline.lookups().stream().map(lookup -> Join.of(lookup, fields)).toList();
    parsedFields = parsedFields(pipeline, fields);
    requireSendable(format, parsedFields);
    maxFutureSkewMillis = pipeline.maxFutureSkew().toMillis();
    maxEventTimeJumpMillis = maxEventTimeJumpMillis(pipeline);
    distinctHorizonMillis = pipeline.distinctHorizon().map(Duration::toMillis).orElse(NO_HORIZON);
    correctionHorizonMillis =
        pipeline.correctionHorizon().map(Duration::toMillis).orElse(NO_HORIZON);
    starts = IntStream.range(0, statistics.size()).mapToObj(i -> new StatisticStart(i, 0)).toList();
  }

  private TaskPlan(TaskPlan that, List<StatisticStart> starts) {
    topic = that.topic;
    format = that.format;
    statistics = that.statistics;
    fields = that.fields;
    orderedFields = that.orderedFields;
    generatesIds = that.generatesIds;
    joins = that.joins;
    parsedFields = that.parsedFields;
    maxFutureSkewMillis = that.maxFutureSkewMillis;
    distinctHorizonMillis = that.distinctHorizonMillis;
    correctionHorizonMillis = that.correctionHorizonMillis;
    maxEventTimeJumpMillis = that.maxEventTimeJumpMillis;
    this.starts = List.copyOf(starts);
  }

  /** Returns this plan for a checkpoint in which the statistics have other places. */
  public TaskPlan startingAt(List<StatisticStart> places) {
    return new TaskPlan(this, places);
  }

  private static Set<Field<?>> parsedFields(Pipeline pipeline, Set<Field<?>> fields) {
    Set<Field<?>> parsed = new HashSet<>(fields);
    pipeline.lookups().forEach(lookup -> lookup.fields().forEach(parsed::remove));
    return Set.copyOf(parsed);
  }

  /** Checks that a statistic can be sent to tasks, so that the failure occurs early. */
  private static void requireSendable(Statistic statistic) {
    try {
      byte[] ignored = SerializedCopy.bytes(statistic);
    } catch (IOException | RuntimeException | LinkageError e) {
      throw new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          ("The statistic '%s' cannot be sent to tasks: its code refers to something that cannot be"
                  + " serialized (%s). Let filters, dimensions and measures use only their calls"
                  + " and serializable values.")
              .formatted(statistic.name(), e),
          e);
    }
  }

  private static void requireSendable(CallFormat format, Set<Field<?>> fields) {
    Object copy;
    try {
      copy = SerializedCopy.of(format);
    } catch (ClassNotFoundException | ClassCastException e) {
      return; // The class loader is unknown here. The format may still be valid.
    } catch (IOException | RuntimeException | LinkageError e) {
      throw new CallstreamException(
          ErrorCode.FORMAT_FAILED,
          ("The format '%s' cannot be sent to tasks: it cannot be serialized and read back (%s)."
                  + " Let it have only serializable fields, and make its parser build the others.")
              .formatted(format.name(), e),
          e);
    }
    CallParser ignored = newParser((CallFormat) copy, fields);
  }

  CallParser newParser() {
    return newParser(format, parsedFields());
  }

  private static CallParser newParser(CallFormat format, Set<Field<?>> fields) {
    @Nullable CallParser parser;
    Throwable cause = null;
    try {
      parser = format.parser(fields);
    } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
      parser = null;
      cause = e;
    }
    if (parser == null) {
      throw new CallstreamException(
          ErrorCode.FORMAT_FAILED,
          "The format '%s' gives no parser of %s (%s). Correct CallFormat.parser."
              .formatted(format.name(), fields, cause == null ? "it returned null" : cause),
          cause == null ? new NullPointerException("parser") : cause);
    }
    return parser;
  }

  /** Returns the name of the topic for dead letters. */
  String topic() {
    return topic;
  }

  public List<Statistic> statistics() {
    return statistics;
  }

  /** Returns the places of the statistics in the checkpoint, in their order. */
  public List<StatisticStart> starts() {
    return starts;
  }

  /** Returns the index of the statistic with a slot. */
  public int indexOfSlot(int slot) {
    for (int i = 0; i < starts.size(); i++) {
      if (starts.get(i).slot() == slot) {
        return i;
      }
    }
    throw new IllegalStateException("No statistic has the slot " + slot);
  }

  /** Returns how many milliseconds an id is kept. Empty if duplicates count. */
  public OptionalLong distinctHorizonMillis() {
    return horizon(distinctHorizonMillis);
  }

  /** Returns how many milliseconds a version of a call is kept. Empty without corrections. */
  public OptionalLong correctionHorizonMillis() {
    return horizon(correctionHorizonMillis);
  }

  private static OptionalLong horizon(long millis) {
    return millis == NO_HORIZON ? OptionalLong.empty() : OptionalLong.of(millis);
  }

  /** Returns whether calls are compared with {@link KnownCalls} before they count. */
  public boolean hasKnownCalls() {
    return distinctHorizonMillis != NO_HORIZON || correctionHorizonMillis != NO_HORIZON;
  }

  /** Returns the merger of the blocks of a statistic, by its index. */
  public BlockMerger newMerger(int statistic) {
    return correctionHorizonMillis == NO_HORIZON
        ? new BlockMerger(statistics.get(statistic))
        : BlockMerger.correcting(statistics.get(statistic));
  }

  public static long maxEventTimeJumpMillis(Pipeline pipeline) {
    return pipeline.maxEventTimeJump().map(Duration::toMillis).orElse(PartitionClock.UNLIMITED);
  }

  long maxEventTimeJumpMillis() {
    return maxEventTimeJumpMillis;
  }

  CallFormat format() {
    return format;
  }

  Set<Field<?>> fields() {
    return fields;
  }

  /** Returns the fields in an order that is the same in all processes. */
  List<Field<?>> orderedFields() {
    return orderedFields;
  }

  /** Returns whether calls get their place as the id, because their format has no ids. */
  boolean generatesIds() {
    return generatesIds;
  }

  /**
   * Returns the fields that the format gives, without those of lookups. If these are all fields,
   * this is the object that {@link #fields} returns, also after serialization, because the two are
   * compared for each call.
   */
  Set<Field<?>> parsedFields() {
    return parsedFields.size() == fields.size() ? fields : parsedFields;
  }

  public List<Join> joins() {
    return joins;
  }

  long maxFutureSkewMillis() {
    return maxFutureSkewMillis;
  }
}
