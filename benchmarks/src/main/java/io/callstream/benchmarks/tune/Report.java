package io.callstream.benchmarks.tune;

import static io.callstream.benchmarks.tune.FigureFormat.format;
import static io.callstream.benchmarks.tune.FigureFormat.value;

import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.Estimate;
import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.Analysis.RankedSetting;
import io.callstream.benchmarks.tune.StudyRun.Stage;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes the report of a study: the findings here, and the rest in {@link ReportDetails}. */
final class Report {
  /** The number of settings that the summary names. */
  private static final int TOP_SETTINGS = 3;

  private final StudyResult study;
  private final Analysis analysis;
  private final ReportDocument document;
  private final ReportDetails details;

  private Report(StudyResult study) {
    this.study = study;
    analysis = Analysis.of(study.runs());
    document = new ReportDocument("How settings change callstream on this machine");
    details = new ReportDetails(study, analysis, document);
  }

  /** Writes {@code report.html}, {@code report.md} with its charts, and two tables as CSV. */
  static List<Path> write(StudyResult study, Path directory) throws IOException {
    return new Report(study).write(directory);
  }

  private List<Path> write(Path directory) throws IOException {
    summary();
    charts();
    ranking();
    recommendations();
    details.write();
    List<Path> files = new ArrayList<>();
    files.add(Files.writeString(directory.resolve("report.html"), document.html()));
    files.add(Files.writeString(directory.resolve("report.md"), document.markdown()));
    for (Map.Entry<String, String> chart : document.charts().entrySet()) {
      files.add(Files.writeString(directory.resolve(chart.getKey()), chart.getValue()));
    }
    files.add(Tables.writeRuns(study, directory.resolve("runs.csv")));
    files.add(Tables.writeEffects(analysis, details.ordered(), directory.resolve("effects.csv")));
    return files;
  }

  private void summary() {
    document.paragraph(
        format(
            "How do settings of Spark and Kafka change throughput and latency, and which two or"
                + " three matter most? Measured on %s, %s. Profile `%s`: %d runs in %.1f minutes"
                + " (expected: about %d).",
            machine(),
            study.start().atZone(ZoneOffset.UTC).toLocalDate(),
            study.profile().name(),
            study.runs().size(),
            study.duration().toSeconds() / 60.0,
            study.profile().minutes()));
    if (!study.abortReason().isEmpty()) {
      document.paragraph(
          "**The study ended early.** "
              + study.abortReason()
              + " The report contains the runs before that.");
    }
    if (!study.failures().isEmpty()) {
      document.paragraph(
          format(
              "**%d runs failed.** No figure contains them; a table below lists them.",
              study.failures().size()));
    }
    document.bullets(List.of(mostImportant(), noise(), recommended(), folklore(), stability()));
  }

  private String mostImportant() {
    List<RankedSetting> strong =
        analysis.ranking().stream()
            .filter(ranked -> ranked.strength() > 1)
            .limit(TOP_SETTINGS)
            .toList();
    return strong.isEmpty()
        ? "**What matters most:** no setting has a significant effect."
        : "**What matters most:** "
            + strong.stream().map(this::strongestEffect).collect(Collectors.joining("; "))
            + ".";
  }

  private String strongestEffect(RankedSetting ranked) {
    boolean throughput =
        ranked.throughputSignificant()
            && !(ranked.latencySignificant() && ranked.latency() > ranked.throughput());
    Measure measure = throughput ? Measure.THROUGHPUT : Measure.P95;
    List<Configuration> byMean =
        Stream.concat(
                Stream.of(Configuration.baseline()), analysis.levels(ranked.setting()).stream())
            .filter(c -> analysis.has(c, measure))
            .sorted(Comparator.comparingDouble(c -> analysis.estimate(c, measure).mean()))
            .toList();
    return format(
        "**%s** (%s from %s to %s)",
        ranked.setting().title(),
        measure.title(),
        meanAt(ranked.setting(), byMean.get(0), measure),
        meanAt(ranked.setting(), byMean.get(byMean.size() - 1), measure));
  }

  private String meanAt(Setting setting, Configuration configuration, Measure measure) {
    return format(
        "%s %s at %s",
        value(measure, analysis.estimate(configuration, measure).mean()),
        measure.unit(),
        configuration.value(setting).map(setting::display).orElse("the default"));
  }

  private String noise() {
    return format(
        "**What is noise:** between runs of the same configuration, throughput has a standard"
            + " deviation of %s, and p95 of %s. With these repeats and %d comparisons, noise can"
            + " change throughput by %s and p95 by %s. Only a larger change is significant. A"
            + " smaller one may be real, but this profile cannot detect it. Folklore is the check:"
            + " it must have no effect.",
        FigureFormat.percent(analysis.noise(Measure.THROUGHPUT)),
        FigureFormat.percent(analysis.noise(Measure.P95)),
        analysis.comparisons(),
        FigureFormat.noiseBand(analysis.margin(Measure.THROUGHPUT)),
        FigureFormat.noiseBand(analysis.margin(Measure.P95)));
  }

  private String recommended() {
    Configuration both = analysis.recommended(Goal.BOTH);
    return both.isBaseline()
        ? "**Recommended here:** callstream's defaults. No other value improves throughput or"
            + " latency without making the other worse."
        : "**Recommended here:** " + both.label() + " (see below for the code).";
  }

  private String folklore() {
    List<Configuration> all = details.folklore();
    return all.isEmpty()
        ? "**Folklore:** not measured."
        : format(
            "**Folklore:** of %d popular settings, %d have no significant effect on throughput, and"
                + " with %d Spark executes exactly the same operators, tasks and batches.",
            all.size(),
            all.stream().filter(c -> !analysis.effect(c, Measure.THROUGHPUT).significant()).count(),
            all.stream().filter(details::isExecutedAsUsual).count());
  }

  private String stability() {
    List<String> verdicts =
        study.runs().stream()
            .filter(run -> run.values().containsKey(Measure.P95))
            .map(StudyRun::verdict)
            .toList();
    return format(
        "**Does it keep up?** Of %d runs at %,.0f calls/s, %d were stable, and %d had too few"
            + " batches for a verdict. The last table contains the verdicts.",
        verdicts.size(),
        study.profile().steady().rate(),
        verdicts.stream().filter(StudyRun.STABLE::equals).count(),
        verdicts.stream().filter(verdict -> verdict.startsWith(StudyRun.TOO_FEW_BATCHES)).count());
  }

  private static String machine() {
    Runtime runtime = Runtime.getRuntime();
    return format(
        "%d cores, %s %s, Java %s, %s, at most %.1f GB of heap",
        runtime.availableProcessors(),
        System.getProperty("os.name"),
        System.getProperty("os.arch"),
        Runtime.version(),
        ManagementFactory.getGarbageCollectorMXBeans().stream()
            .map(GarbageCollectorMXBean::getName)
            .collect(Collectors.joining(" and ")),
        runtime.maxMemory() / 1e9);
  }

  private void charts() {
    document.heading("At a glance");
    effectChart(Measure.THROUGHPUT, "effects-throughput", "Throughput by setting");
    effectChart(Measure.P95, "effects-latency", "Latency p95 by setting (less is better)");
    List<Chart.Point> points =
        analysis.tradeOffs().stream()
            .map(
                place ->
                    new Chart.Point(
                        place.configuration().label(),
                        place.latency(),
                        place.throughput(),
                        place.frontier(),
                        place.configuration().isBaseline()))
            .toList();
    if (points.size() > 1) {
      document.chart(
          "frontier",
          Chart.frontier("Throughput against latency", points),
          "Green points are the frontier: no other configuration is better in both. Differences"
              + " within noise are random. The trigger interval does not affect a backlog, so it"
              + " has the throughput of the defaults.");
    }
  }

  private void effectChart(Measure measure, String name, String title) {
    List<Chart.Bar> bars =
        details.ordered().stream()
            .filter(c -> !c.isBaseline() && analysis.has(c, measure))
            .map(c -> bar(c, measure))
            .toList();
    if (!bars.isEmpty()) {
      document.chart(
          name,
          Chart.effects(title, bars, analysis.margin(measure)),
          format(
              "The defaults: %s %s. Green is better, red is worse, gray is within noise.",
              value(measure, analysis.estimate(Configuration.baseline(), measure).mean()),
              measure.unit()));
    }
  }

  private Chart.Bar bar(Configuration configuration, Measure measure) {
    Effect effect = analysis.effect(configuration, measure);
    return new Chart.Bar(
        configuration.label(),
        effect.ratio(),
        value(measure, analysis.estimate(configuration, measure).mean()) + " " + measure.unit(),
        effect.isGain()
            ? Chart.Kind.BETTER
            : effect.isLoss() ? Chart.Kind.WORSE : Chart.Kind.NOISE);
  }

  private void ranking() {
    document.heading("The settings by their effect");
    document.paragraph(
        "The factor between the best and the worst measured value, including the default. A factor"
            + " in parentheses is within noise. If a setting has a large factor, and its default is"
            + " the best value, do not change it.");
    document.table(
        List.of(
            "setting",
            "name in Spark or Kafka",
            "values besides the default",
            ">throughput, best to worst",
            ">p95, worst to best",
            "better than the default"),
        analysis.ranking().stream()
            .map(
                ranked ->
                    List.of(
                        ranked.setting().title(),
                        "`" + ranked.setting().property() + "`",
                        measuredValues(ranked.setting()),
                        FigureFormat.factor(ranked.throughput(), ranked.throughputSignificant()),
                        FigureFormat.factor(ranked.latency(), ranked.latencySignificant()),
                        betterValues(ranked.setting())))
            .toList());
    document.bullets(
        analysis.ranking().stream()
            .map(RankedSetting::setting)
            .map(setting -> "**" + setting.title() + "**: " + setting.explanation() + ".")
            .toList());
  }

  private String measuredValues(Setting setting) {
    return levels(setting)
        .map(level -> setting.display(level.value(setting).orElseThrow()))
        .collect(Collectors.joining(", "));
  }

  private Stream<Configuration> levels(Setting setting) {
    List<Configuration> levels = analysis.levels(setting);
    return details.ordered().stream().filter(levels::contains);
  }

  private String betterValues(Setting setting) {
    String better =
        levels(setting)
            .flatMap(
                level ->
                    Stream.of(Measure.THROUGHPUT, Measure.P95)
                        .filter(m -> analysis.has(level, m) && analysis.effect(level, m).isGain())
                        .map(
                            m ->
                                format(
                                    "%s: %s %s",
                                    setting.display(level.value(setting).orElseThrow()),
                                    m.title(),
                                    FigureFormat.change(analysis.effect(level, m)))))
            .collect(Collectors.joining("; "));
    return better.isEmpty() ? FigureFormat.NONE : better;
  }

  private void recommendations() {
    document.heading("What to use here");
    document.paragraph("For each setting, the value with the largest significant gain.");
    recommend(Goal.BOTH, "Better in throughput or latency, worse in neither");
    recommend(Goal.THROUGHPUT, "Best throughput");
    recommend(Goal.LATENCY, "Best latency");
    confirmation();
  }

  private void recommend(Goal goal, String title) {
    Configuration recommended = analysis.recommended(goal);
    if (recommended.isBaseline()) {
      document.paragraph("**" + title + ":** callstream's defaults.");
      return;
    }
    document.paragraph("**" + title + ":** " + withEffects(recommended) + ".");
    List<String> options = Snippets.commandLine(recommended);
    if (!options.isEmpty()) {
      document.code(List.of("callstream statistics " + String.join(" \\\n  ", options)));
    }
    document.code(Snippets.java(recommended));
  }

  /** Returns the values of a configuration, each with its effect when it was set alone. */
  private String withEffects(Configuration recommended) {
    return recommended.values().entrySet().stream()
        .map(e -> Configuration.of(e.getKey(), e.getValue()))
        .map(
            alone ->
                Stream.of(Measure.THROUGHPUT, Measure.P95)
                    .map(measure -> measure.title() + " " + effectOf(alone, measure))
                    .collect(Collectors.joining(", ", alone.label() + " (", ")")))
        .collect(Collectors.joining(", "));
  }

  private String effectOf(Configuration alone, Measure measure) {
    if (!analysis.has(alone, measure)) {
      return "not measured";
    }
    Effect effect = analysis.effect(alone, measure);
    return effect.significant() ? FigureFormat.change(effect) : "within noise";
  }

  private void confirmation() {
    Map<Configuration, Map<Measure, DoubleSummaryStatistics>> logs = new LinkedHashMap<>();
    List<String> sustainable = new ArrayList<>();
    for (StudyRun run : study.runs()) {
      if (run.stage() == Stage.CONFIRM) {
        Map<Measure, DoubleSummaryStatistics> ofRun =
            logs.computeIfAbsent(run.configuration(), c -> new EnumMap<>(Measure.class));
        run.values()
            .forEach(
                (measure, value) ->
                    ofRun
                        .computeIfAbsent(measure, m -> new DoubleSummaryStatistics())
                        .accept(Math.log(value)));
        if (run.values().containsKey(Measure.SUSTAINABLE)) {
          sustainable.add(
              format(
                  "The sustainable rate with %s: %s.", run.configuration().label(), run.verdict()));
        }
      }
    }
    if (logs.isEmpty()) {
      return;
    }
    document.paragraph(
        "Settings that are good alone may be bad together. The recommended configurations and the"
            + " defaults therefore ran again, in turn (means, with minimum and maximum):");
    List<Measure> measures = Arrays.asList(Measure.values());
    document.table(
        ReportDetails.header(measures),
        logs.entrySet().stream()
            .map(
                e ->
                    details.row(
                        e.getKey(),
                        measures,
                        measure -> confirmed(measure, e.getValue().get(measure))))
            .toList());
    if (!sustainable.isEmpty()) {
      document.bullets(sustainable);
    }
  }

  private static String confirmed(Measure measure, @Nullable DoubleSummaryStatistics logs) {
    return logs == null
        ? FigureFormat.NONE
        : FigureFormat.range(
            measure,
            new Estimate(
                Math.exp(logs.getAverage()), Math.exp(logs.getMin()), Math.exp(logs.getMax())));
  }
}
