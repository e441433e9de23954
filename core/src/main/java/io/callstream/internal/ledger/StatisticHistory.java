package io.callstream.internal.ledger;

import io.callstream.internal.task.StatisticStart;
import io.callstream.pipeline.CountedSince;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The statistics that a checkpoint has or had, by name. The fingerprint has a line for each of
 * them, once they have changed. Immutable.
 */
public final class StatisticHistory {
  private static final Pattern LINE =
      Pattern.compile(
          "slot (\\d{1,9}): (\\S+) from batch (\\d{1,18})(?: at (\\S+) from offsets \\{(.*?)})?"
              + "(?: until batch (-?\\d{1,18}): (.*))?",
          Pattern.DOTALL); // Definitions may have line separators that end no line of a file.

  private final Map<String, Entry> entries;

  private StatisticHistory(Map<String, Entry> entries) {
    this.entries = Collections.unmodifiableMap(entries);
  }

  /**
   * A statistic.
   *
   * @param slot a number that no other statistic has or had
   * @param since from where it counts; null if it counts from the start
   * @param removed when it was removed; null if it counts
   */
  private record Entry(int slot, @Nullable CountedSince since, @Nullable Removed removed) {
    StatisticStart start() {
      return new StatisticStart(slot, since == null ? 0 : since.batch());
    }

    String line(String name) {
      StringBuilder line = new StringBuilder();
      line.append("slot ").append(slot).append(": ").append(name);
      line.append(" from batch ").append(start().firstBatch());
      if (since != null) {
        line.append(" at ").append(since.time()).append(" from offsets ").append(since.offsets());
      }
      if (removed != null) {
        line.append(" until batch ").append(removed.lastBatch()).append(": ");
        line.append(removed.definition());
      }
      return line.append('\n').toString();
    }
  }

  /** The last batch that a removed statistic counted, and its definition. */
  private record Removed(long lastBatch, String definition) {}

  /** Returns the history of statistics that were never changed. */
  static StatisticHistory ofNew(Collection<String> names) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    names.forEach(name -> entries.put(name, new Entry(entries.size(), null, null)));
    return new StatisticHistory(entries);
  }

  /**
   * Returns the history of statistics that several checkpoints count, each in other partitions. A
   * statistic counts from the places from which they count it.
   */
  static StatisticHistory merged(List<String> names, List<StatisticHistory> parts) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (String name : names) {
      CountedSince since =
          parts.stream()
              .flatMap(part -> part.since(name).stream())
              .reduce(StatisticHistory::merged)
              .orElse(null);
      entries.put(name, new Entry(entries.size(), since, null));
    }
    return new StatisticHistory(entries);
  }

  private static CountedSince merged(CountedSince one, CountedSince other) {
    Map<Integer, Long> offsets = new TreeMap<>(one.offsets());
    offsets.putAll(other.offsets());
    return new CountedSince(
        Math.max(one.batch(), other.batch()),
        one.time().isAfter(other.time()) ? one.time() : other.time(),
        offsets);
  }

  /** Returns the history in the lines of a fingerprint; empty if it has none. */
  static Optional<StatisticHistory> parse(List<String> lines) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (String line : lines) {
      Matcher parts = LINE.matcher(line);
      if (parts.matches()) {
        String name = parts.group(2);
        CountedSince since =
            parts.group(4) == null
                ? null
                : new CountedSince(
                    Long.parseLong(parts.group(3)),
                    Instant.parse(parts.group(4)),
                    offsets(parts.group(5)));
        Removed removed =
            parts.group(6) == null
                ? null
                : new Removed(Long.parseLong(parts.group(6)), parts.group(7));
        entries.put(name, new Entry(Integer.parseInt(parts.group(1)), since, removed));
      }
    }
    return entries.isEmpty() ? Optional.empty() : Optional.of(new StatisticHistory(entries));
  }

  private static Map<Integer, Long> offsets(String text) {
    Map<Integer, Long> offsets = new TreeMap<>();
    Arrays.stream(text.split(", "))
        .filter(offset -> !offset.isEmpty())
        .map(offset -> offset.split("="))
        .forEach(offset -> offsets.put(Integer.valueOf(offset[0]), Long.valueOf(offset[1])));
    return offsets;
  }

  static boolean isLine(String line) {
    return line.startsWith("slot ");
  }

  /** Returns the lines of a fingerprint, in the order of the slots. */
  String lines() {
    return entries.entrySet().stream()
        .map(entry -> entry.getValue().line(entry.getKey()))
        .collect(Collectors.joining());
  }

  /** Returns the last batch and the definition of a statistic that was removed; else empty. */
  Optional<String> removedDefinition(String name) {
    Entry entry = entries.get(name);
    return entry == null || entry.removed() == null
        ? Optional.empty()
        : Optional.of(entry.removed().definition());
  }

  /**
   * Returns the history after a change.
   *
   * @param before the definitions of the statistics before the change, by name
   * @param after the names of the statistics after the change
   * @param since from where the new statistics count
   * @param lastBatch the last batch that the removed statistics counted
   */
  StatisticHistory changed(
      Map<String, String> before, Collection<String> after, CountedSince since, long lastBatch) {
    Map<String, Entry> changed = new LinkedHashMap<>(entries);
    before.forEach(
        (name, definition) -> {
          Entry entry = entries.get(name);
          if (entry != null && !after.contains(name)) {
            changed.put(
                name, new Entry(entry.slot(), entry.since(), new Removed(lastBatch, definition)));
          }
        });
    int slot = entries.values().stream().mapToInt(Entry::slot).max().orElse(-1) + 1;
    for (String name : after) {
      Entry entry = changed.get(name);
      if (entry == null || entry.removed() != null) {
        // A view that was removed, and is added again, starts from nothing.
        changed.put(name, new Entry(slot++, since.batch() == 0 ? null : since, null));
      }
    }
    return new StatisticHistory(changed);
  }

  /** Returns the places of some statistics, in their order. */
  List<StatisticStart> starts(List<String> names) {
    List<StatisticStart> starts = new ArrayList<>();
    names.forEach(name -> starts.add(entry(name).start()));
    return starts;
  }

  Optional<CountedSince> since(String name) {
    return Optional.ofNullable(entry(name).since());
  }

  private Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new IllegalStateException("The fingerprint has no statistic " + name);
    }
    return entry;
  }
}
