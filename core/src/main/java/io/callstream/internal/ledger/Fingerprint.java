package io.callstream.internal.ledger;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.pipeline.CountedSince;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Statistic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a checkpoint directory: the engine, the pipeline, and settings that must not
 * change between two runs. The directory contains it as a text with one line per setting, and with
 * one line per statistic that it has or had, once a run has changed the statistics.
 */
public final class Fingerprint {
  public static final String FILE = "pipeline.txt";

  /** The name of the line that distinguishes the source from others with the same name. */
  public static final String SOURCE_ID = "topic id";

  private static final String ENGINE = "engine";
  private static final String STATISTIC = "statistic: ";

  /** The last line. A directory with another format is rejected and not misread. */
  private static final String FORMAT = "format of this directory: 5";

  private static final String CALL_FORMAT = "format: ";

  private final String text;

  /** The format of the run; null for the fingerprint of a directory. */
  private final @Nullable CallFormat format;

  private Fingerprint(String text, @Nullable CallFormat format) {
    this.text = text;
    this.format = format;
  }

  /**
   * Returns the fingerprint that a run requires of its directory.
   *
   * @param fixed settings of the engine that must not change, by their names
   * @param sourceId distinguishes the source from others with the same name, such as the id of a
   *     topic
   */
  public static Fingerprint of(
      Pipeline pipeline, String engine, Map<String, String> fixed, String sourceId) {
    Map<String, String> lines = new LinkedHashMap<>(fixed);
    lines.put(ENGINE, engine);
    lines.put(SOURCE_ID, sourceId);
    return new Fingerprint(
        pipeline.fingerprint()
            + lines.entrySet().stream()
                .map(line -> line.getKey() + ": " + line.getValue() + "\n")
                .collect(Collectors.joining())
            + FORMAT
            + "\n",
        pipeline.format());
  }

  public static Fingerprint parse(String text) {
    return new Fingerprint(text, null);
  }

  public Optional<String> line(String key) {
    String start = key + ": ";
    return text.lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .reduce((first, last) -> last);
  }

  /** Returns the settings, without the statistics. */
  private List<String> settings() {
    return text.lines()
        .filter(line -> !line.startsWith(STATISTIC) && !StatisticHistory.isLine(line))
        .toList();
  }

  /** Returns the settings, with the format of a run if it only adds fields. */
  private List<String> settingsFor(Fingerprint run) {
    return settings().stream()
        .map(line -> run.addsFieldsTo(line) ? run.formatLine() : line)
        .toList();
  }

  private boolean addsFieldsTo(String line) {
    return format != null
        && line.startsWith(CALL_FORMAT)
        && format.addsFieldsTo(line.substring(CALL_FORMAT.length()));
  }

  private String formatLine() {
    return text.lines().filter(line -> line.startsWith(CALL_FORMAT)).findFirst().orElse("");
  }

  private static List<String> without(List<String> settings, String key) {
    return settings.stream().filter(line -> !line.startsWith(key + ": ")).toList();
  }

  /** Returns the definitions of the statistics, by name. */
  private Map<String, String> statistics() {
    Map<String, String> definitions = new LinkedHashMap<>();
    text.lines()
        .filter(line -> line.startsWith(STATISTIC))
        .map(line -> line.substring(STATISTIC.length()))
        .forEach(definition -> definitions.put(definition.split(" ", 2)[0], definition));
    return definitions;
  }

  /** Returns the definitions of the statistics that are not views, by name. */
  private Map<String, String> withoutViews() {
    Map<String, String> definitions = statistics();
    definitions.values().removeIf(definition -> definition.endsWith(Statistic.VIEW));
    return definitions;
  }

  /** Returns the statistics that the directory has or had. */
  StatisticHistory history() {
    return StatisticHistory.parse(text.lines().filter(StatisticHistory::isLine).toList())
        .orElseGet(() -> StatisticHistory.ofNew(statistics().keySet()));
  }

  /**
   * Rejects a run that cannot continue this directory.
   *
   * @param evolving whether the run may have other statistics
   */
  public void requireContinuedBy(Fingerprint run, boolean evolving, String location) {
    if (!line(ENGINE).equals(run.line(ENGINE))) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directory %s is that of the engine '%s', and engines can't read each"
                  + " other's state: this run's is '%s'. Run with the engine that the checkpoint"
                  + " has, or name a new directory, which counts the topic from its start.")
              .formatted(
                  location, line(ENGINE).orElse("unknown"), run.line(ENGINE).orElse("unknown")));
    }
    List<String> settings = evolving ? settingsFor(run) : settings();
    List<String> required = run.settings();
    boolean sameSettings = settings.equals(required);
    if (!sameSettings && without(settings, SOURCE_ID).equals(without(required, SOURCE_ID))) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The topic was deleted and created again, or is that of another cluster, since the"
                  + " checkpoint directory %s was made: its id was %s and is %s. The offsets in the"
                  + " checkpoint are those of other records. Name a new directory, which counts the"
                  + " topic from its start.")
              .formatted(
                  location,
                  line(SOURCE_ID).orElse("unknown"),
                  run.line(SOURCE_ID).orElse("unknown")));
    }
    List<String> redefined = redefined(run);
    boolean sameStatistics = withoutViews().equals(run.withoutViews());
    if (!sameSettings || (!sameStatistics && !evolving)) {
      boolean mayEvolve = !evolving && settingsFor(run).equals(required) && redefined.isEmpty();
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directory %s is that of another pipeline, or of other fixed"
                  + " settings:%s\nRun with what the checkpoint has, or %s, which"
                  + " counts the topic from its start.")
              .formatted(
                  location,
                  differences(run),
                  mayEvolve
                      ? "add fields, and add and remove statistics, with RunOptions.evolving(), which"
                          + " is --evolve on the command line, or name a new directory"
                      : "name a new directory"));
    }
    if (!redefined.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directory %s has or had other statistics with the same names:%s\nA name"
                  + " is used once, because sinks may have rows of the earlier statistic. Give the"
                  + " statistic of this run another name.")
              .formatted(location, String.join("", redefined)));
    }
  }

  /** Describes the statistics of a run whose names other statistics of this directory use. */
  private List<String> redefined(Fingerprint run) {
    Map<String, String> known = statistics();
    StatisticHistory history = history();
    List<String> redefined = new ArrayList<>();
    run.statistics()
        .forEach(
            (name, definition) -> {
              String before = known.get(name);
              if (before != null && !before.equals(definition)) {
                redefined.add(difference("the checkpoint has", before));
                redefined.add(difference("this run has", definition));
              } else if (before == null
                  && history
                      .removedDefinition(name)
                      .filter(removed -> !removed.endsWith(Statistic.VIEW))
                      .isPresent()) {
                redefined.add(
                    difference("the checkpoint had", history.removedDefinition(name).get()));
                redefined.add(difference("this run has", definition));
              }
            });
    return redefined;
  }

  private String differences(Fingerprint run) {
    return Stream.concat(
            missing(run).map(line -> difference("the checkpoint has", line)),
            run.missing(this).map(line -> difference("this run has", line)))
        .collect(Collectors.joining());
  }

  /** Returns the lines that another fingerprint lacks. */
  private Stream<String> missing(Fingerprint other) {
    List<String> lines = other.text.lines().toList();
    return text.lines()
        .filter(line -> !StatisticHistory.isLine(line))
        .filter(line -> !lines.contains(line));
  }

  private static String difference(String who, String line) {
    return "\n  %-18s  %s".formatted(who, line);
  }

  /**
   * Returns the fingerprint of the directory for a run that continues it: this one if the
   * statistics are the same.
   *
   * @param since from where statistics count that are new in the run
   * @param lastBatch the last batch of statistics that the run does not have
   */
  public Fingerprint continuedBy(Fingerprint run, CountedSince since, long lastBatch) {
    if (statistics().equals(run.statistics()) && settings().equals(run.settings())) {
      return this;
    }
    String slots =
        history().changed(statistics(), run.statistics().keySet(), since, lastBatch).lines();
    return new Fingerprint(run.text.replace(FORMAT, slots + FORMAT), run.format);
  }

  /** Returns whether a later fingerprint has the same format of records. */
  boolean hasFormatOf(Fingerprint later) {
    return formatLine().equals(later.formatLine());
  }

  /** Describes the change from this fingerprint to a later one. */
  String changesTo(Fingerprint later) {
    TreeSet<String> added = new TreeSet<>(later.statistics().keySet());
    added.removeAll(statistics().keySet());
    TreeSet<String> removed = new TreeSet<>(statistics().keySet());
    removed.removeAll(later.statistics().keySet());
    return "statistics added %s, removed %s%s"
        .formatted(added, removed, hasFormatOf(later) ? "" : ", more fields of the format");
  }

  /** Returns the text, with a line feed at its end. */
  @Override
  public String toString() {
    return text;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Fingerprint that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }
}
