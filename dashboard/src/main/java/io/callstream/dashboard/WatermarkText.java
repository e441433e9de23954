package io.callstream.dashboard;

import io.callstream.engine.RunDetails;
import io.callstream.engine.RunDetails.PartitionTime;
import io.callstream.internal.notation.DurationNotation;
import io.callstream.progress.Progress.PartitionOffsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Explains in sentences which partition holds the watermark back, and why. */
final class WatermarkText {
  private WatermarkText() {}

  /**
   * Returns the explanation of the watermark of the next batch.
   *
   * @param offsets the offsets of the last batch, by partition
   * @param running whether there will be a next batch
   */
  static String of(RunDetails details, Map<Integer, PartitionOffsets> offsets, boolean running) {
    List<PartitionTime> read =
        details.clocks().stream().filter(PartitionTime::inLastBatch).toList();
    if (read.isEmpty()) {
      return details.watermark().isEmpty()
          ? "There is no watermark before the first batch with records."
          : "The watermark is that of the checkpoint until the first batch of this run with records.";
    }
    Optional<PartitionTime> undefined =
        read.stream().filter(clock -> clock.time().isEmpty()).findFirst();
    if (undefined.isPresent()) {
      return name(undefined.get())
          + " holds the watermark back: none of its event times is confirmed yet. The next calls"
          + " of the partition confirm a time.";
    }
    PartitionTime earliest = read.stream().min(Comparator.comparing(WatermarkText::time)).get();
    PartitionTime latest = read.stream().max(Comparator.comparing(WatermarkText::time)).get();
    List<String> sentences = new ArrayList<>();
    Instant watermark = details.watermark().orElse(Instant.MIN);
    if (watermark.isAfter(time(earliest))) {
      sentences.add(
          "The watermark never moves back. "
              + name(earliest)
              + " is "
              + between(time(earliest), watermark)
              + " before it.");
    } else if (read.size() == 1) {
      sentences.add(name(earliest) + " sets the watermark: only it had records in the last batch.");
    } else if (earliest.time().equals(latest.time())) {
      sentences.add("All partitions of the last batch have reached the same event time.");
    } else {
      sentences.add(
          name(earliest)
              + " holds the watermark back: its event time is "
              + between(time(earliest), time(latest))
              + " before that of partition "
              + latest.partition()
              + ".");
    }
    if (running && !earliest.time().equals(latest.time())) {
      reason(offsets.get(earliest.partition())).ifPresent(sentences::add);
    }
    if (earliest.unconfirmed() > 0) {
      sentences.add(
          "The next calls did not confirm the event times of "
              + earliest.unconfirmed()
              + " of its calls, which therefore do not advance it.");
    }
    String silent =
        details.clocks().stream()
            .filter(clock -> !clock.inLastBatch())
            .limit(10)
            .map(clock -> Integer.toString(clock.partition()))
            .collect(Collectors.joining(", "));
    if (!silent.isEmpty()) {
      sentences.add("Partitions without a record in the last batch do not count: " + silent + ".");
    }
    return String.join(" ", sentences);
  }

  private static Optional<String> reason(@Nullable PartitionOffsets range) {
    if (range == null) {
      return Optional.empty();
    }
    return Optional.of(
        range.lag() > 0
            ? Formats.number(range.lag()) + " of its offsets are not read yet."
            : "All its offsets are read, so its sender is late or sends older calls.");
  }

  private static String name(PartitionTime clock) {
    return "Partition " + clock.partition();
  }

  private static Instant time(PartitionTime clock) {
    return clock.time().orElseThrow();
  }

  private static String between(Instant earlier, Instant later) {
    Duration distance = Duration.between(earlier, later);
    return DurationNotation.rewrite(
        (distance.toSeconds() > 0 ? distance.truncatedTo(ChronoUnit.SECONDS) : distance)
            .toString());
  }
}
