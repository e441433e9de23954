package io.callstream.runtime;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Lookup;
import io.callstream.statistic.Statistic;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The part of a pipeline that tasks need: everything but source, sinks and listeners. Immutable,
 * thread-safe and serializable.
 */
public final class TaskPlan implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final long NOT_DISTINCT = -1;

  private final String topic;
  private final CallFormat format;
  private final List<Statistic> statistics;
  private final Set<CallField> fields;
  private final Lookup dispositionCodes;
  private final long maxFutureSkewMillis;
  private final long distinctHorizonMillis;
  private final long maxEventTimeJumpMillis;

  /**
   * Takes the plan out of a pipeline.
   *
   * @throws CallstreamException if a statistic is not serializable
   */
  public TaskPlan(Pipeline pipeline) {
    pipeline.statistics().forEach(TaskPlan::requireSerializable);
    topic =
        pipeline.source() instanceof KafkaTopic kafka
            ? kafka.name()
            : pipeline.source().description();
    format = pipeline.format();
    statistics = pipeline.statistics();
    fields = Set.copyOf(pipeline.fields());
    dispositionCodes = pipeline.dispositionCodes();
    maxFutureSkewMillis = pipeline.maxFutureSkew().toMillis();
    maxEventTimeJumpMillis = maxEventTimeJumpMillis(pipeline);
    distinctHorizonMillis = pipeline.distinctHorizon().map(Duration::toMillis).orElse(NOT_DISTINCT);
  }

  /** Engines send statistics to where the records are; that one can't be sent shows here. */
  private static void requireSerializable(Statistic statistic) {
    try (ObjectOutputStream out = new ObjectOutputStream(OutputStream.nullOutputStream())) {
      out.writeObject(statistic);
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.STATISTIC_FAILED,
          "The statistic '"
              + statistic.name()
              + "' can't be sent to tasks, because its code holds on to what is not serializable: "
              + e.getMessage()
              + ". Let filters, dimensions and measures use nothing but their calls and values that"
              + " are serializable.",
          e);
    }
  }

  /** Returns the name of the topic for dead letters. */
  public String topic() {
    return topic;
  }

  /** Returns the statistics. */
  public List<Statistic> statistics() {
    return statistics;
  }

  /** Returns for how many milliseconds an id is remembered; empty if duplicates count. */
  public OptionalLong distinctHorizonMillis() {
    return distinctHorizonMillis == NOT_DISTINCT
        ? OptionalLong.empty()
        : OptionalLong.of(distinctHorizonMillis);
  }

  /** Returns the jump that the clocks of a pipeline's partitions are made for. */
  static long maxEventTimeJumpMillis(Pipeline pipeline) {
    return pipeline.maxEventTimeJump().map(Duration::toMillis).orElse(PartitionClock.UNLIMITED);
  }

  long maxEventTimeJumpMillis() {
    return maxEventTimeJumpMillis;
  }

  CallFormat format() {
    return format;
  }

  Set<CallField> fields() {
    return fields;
  }

  Lookup dispositionCodes() {
    return dispositionCodes;
  }

  long maxFutureSkewMillis() {
    return maxFutureSkewMillis;
  }

  List<String> statisticNames() {
    return statistics.stream().map(Statistic::name).toList();
  }
}
