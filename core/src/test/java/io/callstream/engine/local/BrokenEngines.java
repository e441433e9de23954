package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.KitCalls;
import io.callstream.engine.contract.SourceRecord;
import io.callstream.internal.aggregate.BlockResults;
import io.callstream.internal.ledger.Fingerprint;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource.Entry;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.Source;
import io.callstream.progress.Accounting;
import io.callstream.progress.Accounting.Contributions;
import io.callstream.progress.Progress;
import io.callstream.statistic.CallFilter;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

/** Engines that each break one part of the contract in a realistic way. */
final class BrokenEngines {
  private BrokenEngines() {}

  private static Accounting withContributions(
      Accounting accounting, BiFunction<String, Contributions, Contributions> change) {
    Map<String, Contributions> changed = new LinkedHashMap<>();
    accounting.statistics().forEach((name, c) -> changed.put(name, change.apply(name, c)));
    return new Accounting(
        accounting.received(),
        accounting.rejected(),
        accounting.additionalCalls(),
        accounting.duplicates(),
        accounting.corrections(),
        accounting.ambiguousTimes(),
        accounting.unconfirmedTimes(),
        accounting.unknown(),
        changed);
  }

  private static Statistic.Builder copy(Statistic statistic) {
    return copy(statistic, m -> m);
  }

  private static Statistic.Builder copy(Statistic statistic, UnaryOperator<Measure> measures) {
    Statistic.Builder copy =
        Statistic.named(statistic.name())
            .by(statistic.dimensions().toArray(Dimension[]::new))
            .measuring(
                statistic.measures().stream()
                    .limit(statistic.measures().size() - (statistic.baseline().isPresent() ? 4 : 0))
                    .map(measures)
                    .toArray(Measure[]::new))
            .emitting(statistic.emission())
            .maxGroups(statistic.maxGroups());
    statistic.baseline().ifPresent(copy::comparedWith);
    statistic.filter().ifPresent(filter -> copy.where(statistic.fields(), filter));
    statistic.window().ifPresent(copy::over);
    return copy;
  }

  /** Keeps the counts of a baseline too short. */
  static class ForgetsABaseline extends CheckpointedEngine {
    @Override
    Statistic statistic(Statistic statistic) {
      return statistic.baseline().isPresent()
          ? copy(statistic).comparedWith(statistic.baseline().get().remembering(1)).build()
          : statistic;
    }
  }

  /** Drops late calls without a report, as Spark does. */
  static class LosesLateCalls extends CheckpointedEngine {
    @Override
    boolean delivers(DeadLetter letter) {
      return !(letter instanceof DeadLetter.Late);
    }

    @Override
    Accounting accounting(Accounting accounting) {
      return withContributions(
          accounting,
          (name, c) -> new Contributions(c.counted(), 0, c.filtered(), c.retracted(), c.earlier()));
    }
  }

  /** Counts late calls, but does not deliver them. */
  static class KeepsLateCallsToItself extends CheckpointedEngine {
    @Override
    boolean delivers(DeadLetter letter) {
      return !(letter instanceof DeadLetter.Late);
    }
  }

  /** Commits its state before the sinks have received the batch. */
  static class CountsAReplayedBatchTwice extends CheckpointedEngine {
    @Override
    boolean undoesFailedBatches() {
      return false;
    }
  }

  /** Computes hours, days, weeks and months with a fixed offset. */
  static class ShiftsWindowEdgesInSummer extends CheckpointedEngine {
    @Override
    Statistic statistic(Statistic statistic) {
      return statistic.window().orElse(null) instanceof Window.Calendar w
          ? copy(statistic)
              .over(new Window.Calendar(w.unit(), ZoneOffset.ofHours(-8), w.allowedLateness()))
              .build()
          : statistic;
    }
  }

  /** Excludes calls from a statistic, but counts them as included. */
  private abstract static class LosesCalls extends CheckpointedEngine {
    private final Set<String> losing = ConcurrentHashMap.newKeySet();

    /** Returns which calls are kept, or null for all. */
    abstract CallFilter kept(Statistic statistic);

    @Override
    Statistic statistic(Statistic statistic) {
      CallFilter kept = statistic.filter().isPresent() ? null : kept(statistic);
      if (kept == null) {
        losing.remove(statistic.name());
        return statistic;
      }
      losing.add(statistic.name());
      return copy(statistic).where(statistic.fields(), kept).build();
    }

    @Override
    Accounting accounting(Accounting accounting) {
      return withContributions(
          accounting,
          (name, c) ->
              losing.contains(name)
                  ? new Contributions(
                      c.counted() + c.filtered(), c.late(), 0, c.retracted(), c.earlier())
                  : c);
    }
  }

  /** Treats windows as open at both ends. */
  static class LosesTheFirstMillisecondOfAWindow extends LosesCalls {
    @Override
    CallFilter kept(Statistic statistic) {
      if (!(statistic.window().orElse(null) instanceof Window.Tumbling w)
          || w.size().compareTo(Duration.ofMinutes(1)) < 0) {
        return null;
      }
      long size = w.size().toMillis();
      return call -> call.epochMillis() % size != 0;
    }
  }

  /** Ends a session at a pause of exactly the gap. */
  static class EndsSessionsAtTheGap extends CheckpointedEngine {
    @Override
    Statistic statistic(Statistic statistic) {
      return statistic.window().orElse(null) instanceof Window.Session w
          ? copy(statistic)
              .over(new Window.Session(w.gap().minusMillis(1), w.allowedLateness()))
              .build()
          : statistic;
    }
  }

  /** Closes sessions a millisecond too late, and accepts their late calls. */
  static class ClosesSessionsTooLate extends CheckpointedEngine {
    @Override
    Statistic statistic(Statistic statistic) {
      return statistic.window().orElse(null) instanceof Window.Session w
          ? copy(statistic)
              .over(new Window.Session(w.gap(), w.allowedLateness().plusMillis(1)))
              .build()
          : statistic;
    }
  }

  /** Adds calls only at the end of sessions. */
  static class OnlyAppendsToSessions extends LosesCalls {
    @Override
    CallFilter kept(Statistic statistic) {
      return statistic.window().orElse(null) instanceof Window.Session ? new InOrder() : null;
    }
  }

  /** Accepts the calls of a type whose times do not go back. */
  private static final class InOrder implements CallFilter {
    private final Map<String, Long> latest = new ConcurrentHashMap<>();

    @Override
    public boolean accepts(Call call) {
      return latest.merge(call.type(), call.epochMillis(), Math::max) == call.epochMillis();
    }
  }

  /** Uses an inner join with descriptions, so rows without a description are missing. */
  static class JoinsLookupsInwards extends LosesCalls {
    @Override
    CallFilter kept(Statistic statistic) {
      for (Dimension dimension : statistic.dimensions()) {
        if (dimension.codes().isPresent()) {
          Set<String> codes = Set.copyOf(dimension.codes().get().descriptions().keySet());
          return call -> codes.contains(call.text(Fields.DISPOSITION));
        }
      }
      return null;
    }
  }

  /** Reads records of open and aborted transactions, as Kafka clients do by default. */
  static class ReadsUncommittedRecords extends CheckpointedEngine {
    /**
     * Returns a memory source as such a reader sees it: records are readable as soon as they are
     * sent.
     */
    static ContractSource source(int partitions) {
      ContractSource memory = ContractSource.inMemory(partitions);
      return new ContractSource() {
        @Override
        public Source source() {
          return memory.source();
        }

        @Override
        public String topic() {
          return memory.topic();
        }

        @Override
        public void send(List<SourceRecord> records) {
          memory.send(records);
        }

        @Override
        public Optional<Transaction> begin() {
          return Optional.of(
              new Transaction() {
                @Override
                public void send(List<SourceRecord> records) {
                  memory.send(records);
                }

                @Override
                public void commit() {}

                @Override
                public void abort() {}
              });
        }
      };
    }
  }

  /** Skips records without a value. */
  static class SwallowsARejection extends CheckpointedEngine {
    @Override
    boolean reads(Entry entry) {
      return entry.value() != null;
    }
  }

  /** Treats an exception of a format as an engine failure. */
  static class FailsWhereAFormatThrows extends ParsesDifferently {
    @Override
    ParseResult parse(CallParser parser, CallRecord record) {
      try {
        return parser.parse(record);
      } catch (CallstreamException e) {
        throw e;
      } catch (RuntimeException e) {
        throw new LinkageError("an exception of the format", e);
      }
    }
  }

  /** Passes only the value, the place and the timestamp of a record to the format. */
  static class ReadsNoKeysAndHeaders extends ParsesDifferently {
    @Override
    ParseResult parse(CallParser parser, CallRecord record) {
      byte[] value = record.hasValue() ? record.value() : null;
      return parser.parse(
          CallRecord.at(
              record.topic(),
              record.partition(),
              record.offset(),
              record.timestampMillis(),
              value));
    }
  }

  /** Counts the first call of a record only. */
  static class CountsOneCallPerRecord extends ParsesDifferently {
    @Override
    ParseResult parse(CallParser parser, CallRecord record) {
      ParseResult result = parser.parse(record);
      return result instanceof ParseResult.Parsed parsed
          ? new ParseResult.Parsed(parsed.call())
          : result;
    }
  }

  /** Rejects records if something that the format needs does not work. */
  static class RejectsRecordsInAnOutage extends ParsesDifferently {
    @Override
    ParseResult parse(CallParser parser, CallRecord record) {
      try {
        return parser.parse(record);
      } catch (CallstreamException e) {
        return new ParseResult.Rejected(
            RejectionReason.FORMAT_FAILED, null, record.value(), e.getMessage());
      }
    }
  }

  /** An engine that calls parsers in a wrong way. Serializable, because its formats refer to it. */
  private abstract static class ParsesDifferently extends CheckpointedEngine
      implements Serializable {
    abstract ParseResult parse(CallParser parser, CallRecord record);

    @Override
    CallFormat format(CallFormat format) {
      return new ParsedBy(format, this);
    }
  }

  private record ParsedBy(CallFormat format, ParsesDifferently engine) implements CallFormat {
    @Override
    public Set<Field<?>> fields() {
      return format.fields();
    }

    @Override
    public String name() {
      return format.name();
    }

    @Override
    public ZoneId zone() {
      return format.zone();
    }

    @Override
    public String timeField() {
      return format.timeField();
    }

    @Override
    public CallParser parser(Set<Field<?>> fields) {
      CallParser parser = format.parser(fields);
      return parser == null ? null : record -> engine.parse(parser, record);
    }

    @Override
    public byte[] write(Call call) {
      return format.write(call);
    }
  }

  /** Uses the maximum watermark of all partitions. */
  static class TakesTheGreatestForTheWatermark extends CheckpointedEngine {
    @Override
    int partition(int partition) {
      return 0;
    }
  }

  /** Uses the maximum event time of a partition as its time. */
  static class BelievesEveryEventTime extends CheckpointedEngine {
    @Override
    Optional<Duration> maxEventTimeJump(Optional<Duration> jump) {
      return Optional.empty();
    }
  }

  /** Uses only the confirmed time of a partition as its time. */
  static class BelievesConfirmedTimesOnly extends CheckpointedEngine {
    @Override
    Optional<Duration> maxEventTimeJump(Optional<Duration> jump) {
      return jump.map(j -> Duration.ZERO);
    }
  }

  /** Remembers ids within a batch and little longer. */
  static class ForgetsIds extends CheckpointedEngine {
    @Override
    Optional<Duration> distinct(Optional<Duration> horizon) {
      return horizon.map(h -> Duration.ofMillis(1));
    }
  }

  /** Counts the first version of a call. */
  static class KeepsFirstVersions extends CheckpointedEngine {
    @Override
    void correct(Pipeline.Builder copy, Duration horizon) {
      copy.distinct(horizon);
    }
  }

  /** Counts each version of a call. */
  static class CountsAllVersions extends CheckpointedEngine {
    @Override
    void correct(Pipeline.Builder copy, Duration horizon) {}
  }

  /** Remembers versions of calls little longer than a batch. */
  static class ForgetsVersions extends CheckpointedEngine {
    @Override
    void correct(Pipeline.Builder copy, Duration horizon) {
      copy.corrections(Duration.ofMillis(1));
    }
  }

  /** Shows groups that corrections left without calls. */
  static class ShowsRemovedGroups extends CheckpointedEngine {
    @Override
    BatchResults results(BatchResults batch) {
      Map<String, Results> current = new HashMap<>(batch.current());
      current.replaceAll((name, results) -> results.withRemoved());
      return new BatchResults(
          batch.lineage(),
          batch.number(),
          batch.pipeline(),
          batch.watermark(),
          batch.updates(),
          current,
          batch.accounting(),
          batch.total(),
          batch.lookups());
    }
  }

  /** Emits only the groups that have calls. */
  static class HidesRemovedGroups extends CheckpointedEngine {
    @Override
    BatchResults results(BatchResults batch) {
      Map<String, Results> updates = new HashMap<>(batch.updates());
      updates.replaceAll((name, results) -> ((BlockResults) results).withoutEmpty());
      return new BatchResults(
          batch.lineage(),
          batch.number(),
          batch.pipeline(),
          batch.watermark(),
          updates,
          batch.current(),
          batch.accounting(),
          batch.total(),
          batch.lookups());
    }
  }

  /** Retracts calls from the counts of groups, but not from their measures. */
  static class RetractsOnlyCounts extends ChangesMeasures {
    @Override
    Measure changed(Measure.Aggregate measure) {
      return measure.canRetract() ? new Changed(measure, Change.RETRACTS_NOTHING) : measure;
    }
  }

  /** Reads times in the default time zone of the machine. */
  static class ReadsTimesInUtc extends CheckpointedEngine {
    @Override
    CallFormat format(CallFormat format) {
      CallFormat utc = KitCalls.json(ZoneOffset.UTC);
      return format.name().equals(utc.name()) ? utc : format;
    }
  }

  /** Changes the measures with a state. */
  private abstract static class ChangesMeasures extends CheckpointedEngine {
    abstract Measure changed(Measure.Aggregate measure);

    @Override
    Statistic statistic(Statistic statistic) {
      return copy(statistic, m -> m instanceof Measure.Aggregate aggregate ? changed(aggregate) : m)
          .build();
    }
  }

  /** Keeps the first of two states that it has to merge. */
  static class MergesNoStates extends ChangesMeasures {
    @Override
    Measure changed(Measure.Aggregate measure) {
      return new Changed(measure, Change.MERGES_NOTHING);
    }
  }

  /** Adds numbers in double precision. */
  static class AddsInDoublePrecision extends ChangesMeasures {
    @Override
    Measure changed(Measure.Aggregate measure) {
      return measure.toString().contains(" SUM of") ? new Changed(measure, Change.ROUNDS) : measure;
    }
  }

  /** The change of a measure. */
  private enum Change {
    MERGES_NOTHING,
    ROUNDS,
    RETRACTS_NOTHING
  }

  /** A measure whose states are not merged or retracted, or a sum in double precision. */
  private record Changed(Measure.Aggregate measure, Change change) implements Measure.Aggregate {
    @Override
    public String name() {
      return measure.name();
    }

    @Override
    public ValueType valueType() {
      return measure.valueType();
    }

    @Override
    public int scale() {
      return measure.scale();
    }

    @Override
    public Set<Field<?>> fields() {
      return measure.fields();
    }

    @Override
    public Accumulator empty() {
      return change == Change.ROUNDS
          ? new RoundedSum(this, 0, 0)
          : new ChangedState(measure.empty(), change);
    }

    @Override
    public boolean canRetract() {
      return measure.canRetract();
    }

    @Override
    public Accumulator read(byte[] state) {
      if (change == Change.ROUNDS) {
        ByteBuffer in = ByteBuffer.wrap(state);
        return new RoundedSum(this, in.getLong(), in.getDouble());
      }
      return new ChangedState(measure.read(state), change);
    }
  }

  private record ChangedState(Measure.Accumulator state, Change change)
      implements Measure.Accumulator {
    @Override
    public void add(Call call) {
      state.add(call);
    }

    @Override
    public void retract(Call call) {
      if (change != Change.RETRACTS_NOTHING) {
        state.retract(call);
      }
    }

    @Override
    public void merge(Measure.Accumulator other) {
      if (change != Change.MERGES_NOTHING) {
        state.merge(((ChangedState) other).state);
      }
    }

    @Override
    public byte[] toBytes() {
      return state.toBytes();
    }

    @Override
    public Optional<Object> value() {
      return state.value();
    }
  }

  private static final class RoundedSum implements Measure.Accumulator {
    private final Measure measure;
    private final Field<?> field;
    private long calls;
    private double sum;

    RoundedSum(Measure.Aggregate measure, long calls, double sum) {
      this.measure = measure;
      this.field = measure.fields().iterator().next();
      this.calls = calls;
      this.sum = sum;
    }

    @Override
    public void add(Call call) {
      if (call.isPresent(field)) {
        calls++;
        sum += call.doubleValue(field);
      }
    }

    @Override
    public void retract(Call call) {
      if (call.isPresent(field)) {
        calls--;
        sum -= call.doubleValue(field);
      }
    }

    @Override
    public void merge(Measure.Accumulator other) {
      calls += ((RoundedSum) other).calls;
      sum += ((RoundedSum) other).sum;
    }

    @Override
    public byte[] toBytes() {
      return ByteBuffer.allocate(2 * Long.BYTES).putLong(calls).putDouble(sum).array();
    }

    @Override
    public Optional<Object> value() {
      if (calls == 0) {
        return Optional.empty();
      }
      return Optional.of(
          measure.valueType() == Measure.ValueType.DOUBLE
              ? (Object) sum
              : new BigDecimal(sum).setScale(measure.scale(), RoundingMode.HALF_UP));
    }
  }

  /** Does not limit the number of groups. */
  static class LetsAllGroupsIn extends CheckpointedEngine {
    @Override
    Statistic statistic(Statistic statistic) {
      return copy(statistic).maxGroups(Statistic.DEFAULT_MAX_GROUPS).build();
    }
  }

  /** Emits closed windows in every batch. */
  static class EmitsClosedWindowsAgain extends CheckpointedEngine {
    @Override
    BatchResults results(BatchResults batch) {
      Map<String, Results> updates = new HashMap<>(batch.updates());
      for (Statistic statistic : batch.pipeline().statistics()) {
        if (statistic.emission() == Emission.ON_CLOSE) {
          updates.merge(
              statistic.name(),
              batch.results(statistic.name()),
              (own, all) -> own.rows().isEmpty() ? all : own);
        }
      }
      return new BatchResults(
          batch.lineage(),
          batch.number(),
          batch.pipeline(),
          batch.watermark(),
          updates,
          batch.current(),
          batch.accounting(),
          batch.total(),
          batch.lookups());
    }
  }

  /** Counts rows once per sink, and computes latency from event times. */
  static class ReportsRowsPerSinkAndLatencyByEventTime extends CheckpointedEngine {
    @Override
    Progress report(Progress p) {
      Duration age = Duration.between(Instant.parse("2018-06-01T19:00:00Z"), Instant.now());
      return new Progress(
          p.batch(),
          p.timestamp(),
          p.inputRows(),
          p.inputRowsPerSecond(),
          p.processedRowsPerSecond(),
          2 * p.outputRows(),
          2 * p.outputRowsPerSecond(),
          p.batchDuration(),
          Optional.of(new Progress.Latency(age, age)),
          p.phases(),
          p.state(),
          p.offsets(),
          p.watermark(),
          p.sink(),
          p.accounting(),
          p.total(),
          p.lookups());
    }
  }

  /** Continues after a sink failure. */
  static class HidesFailures extends CheckpointedEngine {
    @Override
    void failed(RuntimeException sink) {}
  }

  /** Counts the whole source again for a statistic that is new. */
  static class CountsNewStatisticsFromTheStart extends CheckpointedEngine {
    @Override
    long firstBatch(int next, boolean isRepeated) {
      return 0;
    }
  }

  /** Counts a statistic that is new in a batch that sinks have received without it. */
  static class CountsNewStatisticsInARepeatedBatch extends CheckpointedEngine {
    @Override
    long firstBatch(int next, boolean isRepeated) {
      return next;
    }
  }

  /** Does not account for the calls before a statistic was added. */
  static class ForgetsEarlierCalls extends CheckpointedEngine {
    @Override
    Accounting accounting(Accounting accounting) {
      return withContributions(
          accounting,
          (name, c) -> new Contributions(c.counted(), c.late(), c.filtered(), c.retracted(), 0));
    }
  }

  /** Accepts another statistic with the name of one that the checkpoint has or had. */
  static class ReusesNames extends CheckpointedEngine {
    @Override
    void requireContinued(Fingerprint recorded, Fingerprint run, RunOptions options) {
      if (!options.evolves()) {
        super.requireContinued(recorded, run, options);
      }
    }
  }

  /** Accepts other statistics without evolving(). */
  static class AlwaysEvolves extends CheckpointedEngine {
    @Override
    void requireContinued(Fingerprint recorded, Fingerprint run, RunOptions options) {
      super.requireContinued(recorded, run, options.evolving());
    }
  }

  /** Uses the first version of each table. */
  static class IgnoresChangedTables extends CheckpointedEngine {
    @Override
    List<Map<String, List<String>>> next(
        List<Map<String, List<String>>> first, List<Map<String, List<String>>> current) {
      return first;
    }
  }

  /** Repeats a batch with the current tables. */
  static class RepeatsABatchWithCurrentTables extends CheckpointedEngine {
    @Override
    boolean repeatsTables() {
      return false;
    }
  }

  /** Continues with the last table if a source fails. */
  static class HidesFailuresOfTables extends CheckpointedEngine {
    @Override
    Map<String, List<String>> failed(Map<String, List<String>> before, RuntimeException source) {
      if (before == null) {
        return Map.of();
      }
      return before;
    }
  }

  /** Does not count calls without a row. */
  static class CountsNoUnknownCalls extends CheckpointedEngine {
    @Override
    Accounting accounting(Accounting a) {
      Map<String, Long> none = new HashMap<>();
      a.unknown().keySet().forEach(name -> none.put(name, 0L));
      return new Accounting(
          a.received(),
          a.rejected(),
          a.additionalCalls(),
          a.duplicates(),
          a.corrections(),
          a.ambiguousTimes(),
          a.unconfirmedTimes(),
          none,
          a.statistics());
    }
  }

  /** Shows no versions of tables. */
  static class ReportsNoTables extends CheckpointedEngine {
    @Override
    Progress report(Progress p) {
      return new Progress(
          p.batch(),
          p.timestamp(),
          p.inputRows(),
          p.inputRowsPerSecond(),
          p.processedRowsPerSecond(),
          p.outputRows(),
          p.outputRowsPerSecond(),
          p.batchDuration(),
          p.latency(),
          p.phases(),
          p.state(),
          p.offsets(),
          p.watermark(),
          p.sink(),
          p.accounting(),
          p.total(),
          Map.of());
    }
  }

  /** Does not declare distinct(), corrections() and evolving(), but accepts them. */
  static class AcceptsWhatItDoesNotDeclare extends CheckpointedEngine {
    @Override
    public Set<Capability> capabilities() {
      return EnumSet.of(Capability.MEMORY_SOURCE, Capability.CHECKPOINT, Capability.LOOKUPS);
    }

    @Override
    public void requireSupport(Pipeline pipeline, RunOptions options) {
      if (pipeline.distinctHorizon().isEmpty()
          && pipeline.correctionHorizon().isEmpty()
          && !options.evolves()) {
        super.requireSupport(pipeline, options);
      }
    }
  }
}
