package io.callstream.engine.local;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Capability;
import io.callstream.engine.RunOptions;
import io.callstream.engine.contract.ContractSource;
import io.callstream.engine.contract.SourceRecord;
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
        accounting.duplicates(),
        accounting.ambiguousTimes(),
        accounting.unknownDispositions(),
        accounting.unconfirmedTimes(),
        changed);
  }

  private static Statistic.Builder copy(Statistic statistic) {
    Statistic.Builder copy =
        Statistic.named(statistic.name())
            .by(statistic.dimensions().toArray(Dimension[]::new))
            .measuring(statistic.measures().toArray(Measure[]::new))
            .emitting(statistic.emission())
            .maxGroups(statistic.maxGroups());
    statistic.filter().ifPresent(filter -> copy.where(statistic.fields(), filter));
    statistic.window().ifPresent(copy::over);
    return copy;
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
          accounting, (name, c) -> new Contributions(c.counted(), 0, c.filtered()));
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
      return copy(statistic).where(kept).build();
    }

    @Override
    Accounting accounting(Accounting accounting) {
      return withContributions(
          accounting,
          (name, c) ->
              losing.contains(name)
                  ? new Contributions(c.counted() + c.filtered(), c.late(), 0)
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
        if (dimension.lookup().isPresent()) {
          Set<String> codes = Set.copyOf(dimension.lookup().get().descriptions().keySet());
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
  static class FailsWhereAFormatThrows extends CheckpointedEngine {
    @Override
    CallFormat format(CallFormat format) {
      return new FailsOnExceptions(format);
    }
  }

  /** A format whose exceptions the engine does not catch. */
  private record FailsOnExceptions(CallFormat format) implements CallFormat {
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
      if (parser == null) {
        return null;
      }
      return value -> {
        try {
          return parser.parse(value);
        } catch (RuntimeException e) {
          throw new LinkageError("an exception of the format", e);
        }
      };
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

  /** Reads times in the default time zone of the machine. */
  static class ReadsTimesInUtc extends CheckpointedEngine {
    @Override
    CallFormat format(CallFormat format) {
      return format.name().equals(SanFranciscoCalls.json().name())
          ? SanFranciscoCalls.json(ZoneOffset.UTC)
          : format;
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
          batch.total());
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
          p.total());
    }
  }

  /** Continues after a sink failure. */
  static class HidesFailures extends CheckpointedEngine {
    @Override
    void failed(RuntimeException sink) {}
  }

  /** Does not declare distinct(), but accepts it. */
  static class AcceptsWhatItDoesNotDeclare extends CheckpointedEngine {
    @Override
    public Set<Capability> capabilities() {
      return EnumSet.of(Capability.MEMORY_SOURCE, Capability.CHECKPOINT);
    }

    @Override
    public void requireSupport(Pipeline pipeline, RunOptions options) {
      if (pipeline.distinctHorizon().isEmpty()) {
        super.requireSupport(pipeline, options);
      }
    }
  }
}
