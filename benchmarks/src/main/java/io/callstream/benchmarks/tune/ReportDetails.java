package io.callstream.benchmarks.tune;

import static io.callstream.benchmarks.tune.FigureFormat.format;

import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.RankedSetting;
import io.callstream.benchmarks.tune.StudyRun.Trace;
import io.callstream.progress.StabilityMonitor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The evidence in a report: folklore, interactions, all configurations, failures, and the method.
 */
final class ReportDetails {
  private static final List<Measure> COMPARED =
      List.of(Measure.THROUGHPUT, Measure.P50, Measure.P95, Measure.P99);

  private final StudyResult study;
  private final Analysis analysis;
  private final ReportDocument document;

  ReportDetails(StudyResult study, Analysis analysis, ReportDocument document) {
    this.study = study;
    this.analysis = analysis;
    this.document = document;
  }

  void write() {
    writeFolklore();
    writeInteractions();
    writeConfigurations();
    writeFailures();
    writeMethod();
  }

  /** Returns the configurations: the baseline, single settings by rank and value, then pairs. */
  List<Configuration> ordered() {
    List<Setting> ranks = analysis.ranking().stream().map(RankedSetting::setting).toList();
    return analysis.configurations().stream()
        .sorted(
            Comparator.comparingInt((Configuration c) -> c.values().size())
                .thenComparingInt(c -> rank(ranks, c))
                .thenComparingInt(c -> c.label().length())
                .thenComparing(Configuration::label))
        .toList();
  }

  private static int rank(List<Setting> ranks, Configuration configuration) {
    return configuration.values().keySet().stream()
        .findFirst()
        .map(ranks::indexOf)
        .map(rank -> rank < 0 ? ranks.size() : rank)
        .orElse(0);
  }

  /** Returns the folklore whose throughput was measured. */
  List<Configuration> folklore() {
    return analysis.levels(Setting.PROPERTY).stream()
        .filter(c -> analysis.has(c, Measure.THROUGHPUT))
        .toList();
  }

  /** Returns whether Spark executed a configuration like the baseline. */
  boolean isExecutedAsUsual(Configuration configuration) {
    Trace usual = trace(Configuration.baseline());
    Trace trace = trace(configuration);
    return trace.plan().equals(usual.plan())
        && trace.largestBatch() == usual.largestBatch()
        && Math.abs(trace.tasks() - usual.tasks()) < 0.5;
  }

  private Trace trace(Configuration configuration) {
    return study.runs().stream()
        .filter(run -> run.configuration().equals(configuration))
        .filter(run -> run.values().containsKey(Measure.THROUGHPUT))
        .map(StudyRun::trace)
        .findFirst()
        .orElseThrow();
  }

  private void writeFolklore() {
    List<Configuration> all = folklore();
    if (all.isEmpty()) {
      return;
    }
    document.heading("Folklore");
    document.paragraph(
        "Many tuning guides recommend these settings. They limit Spark's older streaming API,"
            + " configure the executors of a cluster, or tune planning and consumers in a way that"
            + " does not affect callstream. callstream rejects those that never have an effect, so"
            + " the study sets them on the session of an application. Noise could hide a small"
            + " effect. But if Spark also executes the same operators with the same number of tasks"
            + " over batches of the same size, the setting has no effect. The study sets the"
            + " shuffle partitions explicitly, because callstream derives them from"
            + " `spark.default.parallelism`.");
    List<List<String>> rows = new ArrayList<>();
    rows.add(folkloreRow("defaults", Configuration.baseline(), ""));
    for (Configuration configuration : all) {
      Effect effect = analysis.effect(configuration, Measure.THROUGHPUT);
      String change = FigureFormat.change(effect);
      rows.add(
          folkloreRow(
              "`" + configuration.label() + "`",
              configuration,
              (effect.significant() ? "**" + change + "**" : change + ", within noise")
                  + (isExecutedAsUsual(configuration)
                      ? "; same execution"
                      : "; **different execution**")));
    }
    document.table(
        List.of(
            "property of the session",
            ">throughput, calls/s",
            ">tasks per batch",
            ">largest batch",
            "effect on throughput"),
        rows);
    document.paragraph("The operators of a batch with the defaults:");
    document.code(trace(Configuration.baseline()).plan().lines().toList());
  }

  private List<String> folkloreRow(String name, Configuration configuration, String effect) {
    Trace trace = trace(configuration);
    return List.of(
        name,
        FigureFormat.range(
            Measure.THROUGHPUT, analysis.estimate(configuration, Measure.THROUGHPUT)),
        format("%.0f", trace.tasks()),
        format("%,d", trace.largestBatch()),
        effect);
  }

  private void writeInteractions() {
    List<Analysis.Interaction> all = analysis.interactions();
    if (all.isEmpty()) {
      return;
    }
    document.heading("Two settings together");
    document.paragraph(
        "The factors of two independent settings multiply. A significant difference from the"
            + " product is an interaction.");
    document.table(
        List.of("settings", "measure", ">product of the factors", ">measured", "interaction"),
        all.stream()
            .map(
                i ->
                    List.of(
                        i.configuration().label(),
                        i.measure().title(),
                        format("×%.2f", i.expected()),
                        format("×%.2f", i.measured()),
                        i.significant() ? "**yes**" : "within noise"))
            .toList());
  }

  private void writeConfigurations() {
    document.heading("All configurations");
    document.paragraph(
        format(
            "Geometric means over the rounds, with minimum and maximum. Bold values differ"
                + " significantly from the defaults. The verdicts are those of callstream's"
                + " stability monitor on the runs at %,.0f calls/s. It needs %d batches.",
            study.profile().steady().rate(), StabilityMonitor.MIN_BATCHES));
    document.table(
        header(COMPARED),
        ordered().stream().map(c -> row(c, COMPARED, measure -> compared(c, measure))).toList());
  }

  private String compared(Configuration configuration, Measure measure) {
    if (!analysis.has(configuration, measure)) {
      return FigureFormat.NONE;
    }
    String range = FigureFormat.range(measure, analysis.estimate(configuration, measure));
    return analysis.effect(configuration, measure).significant() ? "**" + range + "**" : range;
  }

  /** Returns the header of a table of configurations. */
  static List<String> header(List<Measure> measures) {
    List<String> header = new ArrayList<>();
    header.add("configuration");
    measures.forEach(m -> header.add(">" + m.title() + ", " + m.unit()));
    header.add("does it keep up?");
    return header;
  }

  /** Returns a row of a table of configurations. */
  List<String> row(
      Configuration configuration, List<Measure> measures, Function<Measure, String> cell) {
    List<String> row = new ArrayList<>();
    row.add(configuration.label());
    measures.forEach(measure -> row.add(cell.apply(measure)));
    row.add(verdicts(configuration));
    return row;
  }

  private String verdicts(Configuration configuration) {
    Map<String, Long> runs =
        study.runs().stream()
            .filter(run -> run.configuration().equals(configuration))
            .filter(run -> run.values().containsKey(Measure.P95))
            .collect(
                Collectors.groupingBy(
                    StudyRun::verdict, LinkedHashMap::new, Collectors.counting()));
    if (runs.isEmpty()) {
      return FigureFormat.NONE;
    }
    long all = runs.values().stream().mapToLong(Long::longValue).sum();
    Long stable = runs.remove(StudyRun.STABLE);
    return format("stable in %d of %d", stable == null ? 0 : stable, all)
        + runs.entrySet().stream()
            .map(other -> format(". In %d: %s", other.getValue(), other.getKey()))
            .collect(Collectors.joining());
  }

  private void writeFailures() {
    if (study.failures().isEmpty()) {
      return;
    }
    document.heading("Failed runs");
    document.paragraph(
        "No figure contains these runs. A configuration with fewer runs needs a larger effect to be"
            + " significant.");
    document.table(
        List.of("stage", ">round", "configuration", "measured", "reason"),
        study.failures().stream()
            .map(
                run ->
                    List.of(
                        run.stage().toString(),
                        Integer.toString(run.round()),
                        run.configuration().label(),
                        run.measured(),
                        run.reason()))
            .toList());
  }

  private void writeMethod() {
    StudyProfile profile = study.profile();
    document.heading("How it was measured");
    document.bullets(
        List.of(
            format(
                "**JVM.** All runs use one warm JVM: %d backlogs and a steady run before the first"
                    + " round do not count. Each run has a new Spark context, which starts before"
                    + " the clock. The broker and the sender are in another process on the same"
                    + " cores.",
                profile.warmUps()),
            format(
                "**Throughput.** A pipeline counts a topic of %,d calls by type, and by hour, type"
                    + " and disposition, with a durable checkpoint and dead letters. The time"
                    + " includes the start and the end of the pipeline. There are %d rounds.",
                profile.backlog(), profile.throughputRounds()),
            format(
                "**Latency.** A sender sends %,.0f calls/s for %d s according to a fixed schedule."
                    + " The latency of a call is the time from the moment when it is due until a"
                    + " sink receives it counted. The first %d s do not count. There are %d rounds."
                    + " If the sender is more than 200 ms and more than 2 %% of the time late, the"
                    + " study repeats the run. Each run starts at a random point of the trigger"
                    + " interval.",
                profile.steady().rate(),
                profile.steady().length().toSeconds(),
                profile.steady().uncounted().toSeconds(),
                profile.latencyRounds()),
            format(
                "**Rounds.** A round runs each configuration once, and the defaults %d times for"
                    + " throughput and %d times for latency, in random order (seed %d). A"
                    + " disturbance of the machine therefore affects all configurations.",
                Collections.frequency(profile.throughput(), Configuration.baseline()),
                Collections.frequency(profile.latency(), Configuration.baseline()),
                study.seed()),
            format(
                "**Effects** are factors. A randomized block design, fitted by least squares,"
                    + " separates the effects of configurations, rounds and noise. An effect is"
                    + " significant if it is at least 3 %% and exceeds the 95 %% confidence"
                    + " interval for all %d comparisons together (Student's t, Bonferroni).",
                analysis.comparisons()),
            "**Data.** `runs.csv` contains every run with its verdict, and `effects.csv` every"
                + " effect."));
  }
}
