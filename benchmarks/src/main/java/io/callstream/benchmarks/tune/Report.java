package io.callstream.benchmarks.tune;

import static io.callstream.benchmarks.tune.Measure.P95;
import static io.callstream.benchmarks.tune.Measure.THROUGHPUT;

import io.callstream.benchmarks.load.Load;
import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.Analysis.RankedSetting;
import io.callstream.benchmarks.tune.StudyRun.Stage;
import io.callstream.benchmarks.tune.StudyRun.Trace;
import io.callstream.progress.StabilityMonitor;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Writes the report of a study. The text is in the template {@code report.md}. */
final class Report {
  private static final List<Measure> RANKED = List.of(THROUGHPUT, P95);
  private static final List<Measure> COMPARED = List.of(THROUGHPUT, Measure.P50, P95, Measure.P99);

  /** The text for a figure that was not measured. */
  private static final String NONE = "–";

  private static final String UNKNOWN = "an unknown percentage";

  /** The factor from which on noise is not exact. */
  private static final int PLAIN_FACTOR = 10;

  private final StudyResult study;
  private final Analysis analysis;

  /** Compares the recommended configurations with the defaults. */
  private final Analysis confirmed;

  private final List<Configuration> ordered;
  private final Map<String, String> values = new HashMap<>();
  private final Map<String, String> charts = new LinkedHashMap<>();

  private Report(StudyResult study) {
    this.study = study;
    analysis = Analysis.of(study.runs(), Stage.COMPARE);
    confirmed = Analysis.of(study.runs(), Stage.CONFIRM);
    ordered = ordered();
  }

  /** Writes {@code report.html}, {@code report.md} with its charts, and two tables as CSV. */
  static List<Path> write(StudyResult study, Path directory) throws IOException {
    return new Report(study).write(directory);
  }

  private List<Path> write(Path directory) throws IOException {
    summarize();
    summarizeNoise();
    summarizeVerdicts();
    drawCharts();
    recommend();
    keep();
    confirm();
    rank();
    checkFolklore();
    listInteractions();
    values.put("configurations", configurations(analysis, ordered));
    listFailures();
    describeMethod();
    String markdown = Markdown.fill("report.md", values).replaceAll("\n{3,}", "\n\n");
    String body = Markdown.toHtml(markdown, charts);
    List<Path> files = new ArrayList<>();
    files.add(
        Files.writeString(
            directory.resolve("report.html"), Markdown.fill("report.html", Map.of("body", body))));
    files.add(Files.writeString(directory.resolve("report.md"), markdown));
    for (Map.Entry<String, String> chart : charts.entrySet()) {
      files.add(Files.writeString(directory.resolve(chart.getKey()), chart.getValue()));
    }
    files.add(Tables.writeRuns(study, directory.resolve("runs.csv")));
    files.add(Tables.writeEffects(analysis, ordered, directory.resolve("effects.csv")));
    return files;
  }

  private void put(String name, Object value) {
    values.put(name, value instanceof Number ? format("%,d", value) : value.toString());
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Returns the configurations: the baseline, single settings by rank and value, then pairs. */
  private List<Configuration> ordered() {
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

  private Stream<Configuration> levels(Setting setting) {
    List<Configuration> levels = analysis.levels(setting);
    return ordered.stream().filter(levels::contains);
  }

  private void summarize() {
    Runtime runtime = Runtime.getRuntime();
    put(
        "machine",
        format(
            "%d cores, %s %s, Java %s, %s, at most %.1f GB of heap",
            runtime.availableProcessors(),
            System.getProperty("os.name"),
            System.getProperty("os.arch"),
            Runtime.version(),
            ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(GarbageCollectorMXBean::getName)
                .collect(Collectors.joining(" and ")),
            runtime.maxMemory() / 1e9));
    put("date", study.start().atZone(ZoneOffset.UTC).toLocalDate());
    put("profile", study.profile().name());
    put("runs", study.runs().size());
    put("duration", format("%.1f", study.duration().toSeconds() / 60.0));
    put("minutes", study.profile().minutes());
    put("abort", study.abortReason());
  }

  private static String mean(Analysis runs, Configuration configuration, Measure measure) {
    return measure.figure(runs.estimate(configuration, measure).mean()) + " " + measure.unit;
  }

  private void summarizeNoise() {
    put("comparisons", analysis.comparisons());
    for (Measure measure : RANKED) {
      String name = measure.name().toLowerCase(Locale.ROOT);
      double noise = analysis.noise(measure);
      double margin = analysis.margin(measure);
      put("deviation-" + name, Double.isNaN(noise) ? UNKNOWN : format("%.0f %%", 100 * noise));
      // A factor reaches equally far in both directions.
      put(
          "noise-" + name,
          Double.isNaN(margin)
              ? UNKNOWN
              : margin > PLAIN_FACTOR
                  ? format("a factor of more than %d", PLAIN_FACTOR)
                  : format("%+.0f to %+.0f %%", 100 * (1 / margin - 1), 100 * (margin - 1)));
    }
  }

  private void summarizeVerdicts() {
    List<String> verdicts =
        study.runs().stream()
            .filter(run -> run.values().containsKey(P95))
            .map(StudyRun::verdict)
            .toList();
    put("steady", verdicts.size());
    put("stable", verdicts.stream().filter(StudyRun.STABLE::equals).count());
    put("few", verdicts.stream().filter(v -> v.startsWith(StudyRun.TOO_FEW_BATCHES)).count());
    put("batches", StabilityMonitor.MIN_BATCHES);
  }

  private void drawCharts() {
    put(
        "charts",
        chart(THROUGHPUT, "effects-throughput.svg", "Throughput by setting")
            + chart(P95, "effects-latency.svg", "Latency p95 by setting (less is better)"));
  }

  private String chart(Measure measure, String file, String title) {
    List<Chart.Bar> bars =
        ordered.stream()
            .filter(c -> !c.isBaseline() && analysis.has(c, measure))
            .map(
                c -> {
                  Effect effect = analysis.effect(c, measure);
                  return new Chart.Bar(
                      c.label(),
                      effect.ratio(),
                      mean(analysis, c, measure),
                      effect.significant() ? effect.gain() : 0);
                })
            .toList();
    if (bars.isEmpty()) {
      return "";
    }
    charts.put(file, Chart.effects(title, bars, analysis.margin(measure)));
    return format(
        "![%s](%s)\n\nThe defaults: %s. Green is better, red is worse, gray is within noise.\n\n",
        title, file, mean(analysis, Configuration.baseline(), measure));
  }

  private void rank() {
    List<RankedSetting> ranking = analysis.ranking();
    put(
        "ranking",
        Markdown.table(
            List.of(
                "setting",
                "name in Spark or Kafka",
                "default",
                "other values",
                ">throughput, best / worst",
                ">p95, worst / best",
                "advice"),
            ranking.stream()
                .map(
                    ranked ->
                        List.of(
                            ranked.setting().title,
                            "`" + ranked.setting().property + "`",
                            ranked.setting().byDefault,
                            levels(ranked.setting())
                                .map(level -> display(ranked.setting(), level))
                                .collect(Collectors.joining(", ")),
                            factor(ranked.throughput(), ranked.throughputSignificant()),
                            factor(ranked.latency(), ranked.latencySignificant()),
                            advice(ranked.setting())))));
    put(
        "explanations",
        Markdown.bullets(
            ranking.stream()
                .map(RankedSetting::setting)
                .map(setting -> "**" + setting.title + "**: " + setting.explanation + ".")));
  }

  /** Returns a factor: bold if it is significant, and otherwise in parentheses. */
  private static String factor(double factor, boolean significant) {
    return Double.isNaN(factor) ? NONE : format(significant ? "**%.2f**" : "(%.2f)", factor);
  }

  private static String display(Setting setting, Configuration level) {
    return setting.display(level.value(setting).orElseThrow());
  }

  private String advice(Setting setting) {
    List<Goal> goals =
        Stream.of(Goal.values())
            .filter(goal -> analysis.recommended(goal).values().containsKey(setting))
            .toList();
    if (goals.isEmpty()) {
      return worstLevel(setting).isPresent() ? "keep the default" : "no measurable effect";
    }
    Goal goal = goals.get(0);
    String use = "use " + analysis.recommended(goal).value(setting).map(setting::display).get();
    return goal == Goal.BOTH ? use : use + " for " + goal.name().toLowerCase(Locale.ROOT) + " only";
  }

  /** Returns the value of a setting that makes a measure significantly worse, and most of all. */
  private Optional<Configuration> worstLevel(Setting setting) {
    return levels(setting)
        .filter(level -> RANKED.stream().anyMatch(measure -> gain(level, measure) < 0))
        .min(Comparator.comparingDouble(level -> gain(level, worst(level))));
  }

  private Measure worst(Configuration level) {
    return gain(level, THROUGHPUT) <= gain(level, P95) ? THROUGHPUT : P95;
  }

  /** Returns the gain of a configuration in a measure; 0 if it is not significant. */
  private double gain(Configuration level, Measure measure) {
    return analysis.has(level, measure) && analysis.effect(level, measure).significant()
        ? analysis.effect(level, measure).gain()
        : 0;
  }

  /** Writes the settings of which no other value is recommended. */
  private void keep() {
    List<String> best = new ArrayList<>();
    List<String> same = new ArrayList<>();
    for (RankedSetting ranked : analysis.ranking()) {
      Setting setting = ranked.setting();
      String advice = advice(setting);
      if (advice.startsWith("keep")) {
        Configuration worst = worstLevel(setting).orElseThrow();
        best.add(
            setting.title
                + " "
                + setting.byDefault
                + " (at "
                + display(setting, worst)
                + ", "
                + change(analysis, worst, worst(worst))
                + ")");
      } else if (advice.startsWith("no")) {
        same.add(setting.title);
      }
    }
    put("keep", best.isEmpty() ? "" : "**Keep the defaults:** " + list(best) + ".");
    put("same", same.isEmpty() ? "" : "**No measurable effect here:** " + list(same) + ".");
  }

  private static String list(List<String> items) {
    int last = items.size() - 1;
    return last < 1
        ? String.join("", items)
        : String.join(", ", items.subList(0, last)) + " and " + items.get(last);
  }

  /** Returns how a configuration changes a measure, in its unit. */
  private static String change(Analysis runs, Configuration level, Measure measure) {
    Effect effect = runs.effect(level, measure);
    return format(
        "%s %s from %s to %s",
        measure.title,
        effect.ratio() < 1 ? "falls" : "rises",
        mean(runs, Configuration.baseline(), measure),
        mean(runs, level, measure));
  }

  private void recommend() {
    Configuration both = analysis.recommended(Goal.BOTH);
    put(
        "answer",
        both.isBaseline()
            ? "- **Keep callstream's defaults.** No other value improves throughput or latency"
                + " without making the other worse.\n"
            : Markdown.bullets(uses(both)));
    put("commands", both.isBaseline() ? "" : commands(both));
    put(
        "trade-offs",
        tradeOff(Goal.THROUGHPUT, "If only throughput counts")
            + tradeOff(Goal.LATENCY, "If only latency counts"));
  }

  private Stream<String> uses(Configuration recommended) {
    return recommended.values().entrySet().stream()
        .map(
            e -> {
              Configuration alone = Configuration.of(e.getKey(), e.getValue());
              return format(
                  "**Use %s** (default: %s): %s.",
                  alone.label(), e.getKey().byDefault, effects(alone, recommended));
            });
  }

  /**
   * Returns the significant effects of a setting of a recommendation, and which figures are
   * unknown. A measure that was not compared may have figures from the confirmation.
   */
  private String effects(Configuration alone, Configuration recommended) {
    List<String> parts = new ArrayList<>();
    for (Measure measure : COMPARED) {
      Analysis runs = analysis.has(alone, measure) ? analysis : confirmed;
      if (runs.has(alone, measure) && runs.effect(alone, measure).significant()) {
        parts.add(change(runs, alone, measure));
      }
    }
    for (Measure measure : RANKED) {
      Analysis runs = analysis.has(alone, measure) ? analysis : confirmed;
      if (runs.has(alone, measure)) {
        if (!runs.effect(alone, measure).significant()) {
          parts.add(measure.title + " does not change measurably");
        }
      } else if (confirmed.has(recommended, measure)) {
        parts.add(measure.title + " was measured only with the other settings, below");
      } else {
        parts.add(measure.title + " was not measured");
      }
    }
    return String.join("; ", parts);
  }

  /** Returns what else to use for a goal at any cost; empty if it is what the answer says. */
  private String tradeOff(Goal goal, String title) {
    Configuration recommended = analysis.recommended(goal);
    return recommended.isBaseline() || recommended.equals(analysis.recommended(Goal.BOTH))
        ? ""
        : "**"
            + title
            + ":**\n\n"
            + Markdown.bullets(uses(recommended))
            + "\n"
            + commands(recommended);
  }

  private static String commands(Configuration recommended) {
    StringBuilder text = new StringBuilder();
    List<String> options = new ArrayList<>();
    List<String> withoutOption = new ArrayList<>();
    recommended
        .values()
        .forEach(
            (setting, value) -> {
              String option = setting.option(value);
              if (option.isEmpty()) {
                withoutOption.add(Configuration.of(setting, value).label());
              } else {
                options.add(option);
              }
            });
    if (!options.isEmpty()) {
      String command = "callstream statistics " + String.join(" \\\n  ", options);
      text.append(Markdown.code(List.of(command))).append('\n');
    }
    if (!withoutOption.isEmpty()) {
      text.append("The command `statistics` has no option for ")
          .append(String.join(" and ", withoutOption))
          .append(".\n\n");
    }
    return text.append(Markdown.code(java(recommended))).append('\n').toString();
  }

  /** Returns a statement for each object that the settings change, and then comments. */
  private static List<String> java(Configuration configuration) {
    Map<String, String> statements = new LinkedHashMap<>();
    List<String> comments = new ArrayList<>();
    configuration
        .values()
        .forEach(
            (setting, value) -> {
              if (setting.object.isEmpty()) {
                comments.add(setting.java(value));
              } else {
                statements.merge(setting.object, setting.java(value), String::concat);
              }
            });
    return Stream.concat(
            statements.entrySet().stream().map(e -> e.getKey() + e.getValue() + ";"),
            comments.stream())
        .toList();
  }

  private void confirm() {
    put(
        "confirmation",
        confirmed.configurations().size() > 1
            ? configurations(confirmed, confirmed.configurations())
            : "");
    put(
        "sustainable",
        Markdown.bullets(
            study.runs().stream()
                .filter(run -> run.values().containsKey(Measure.SUSTAINABLE))
                .map(
                    run ->
                        format(
                            "The sustainable rate with %s: %s.",
                            run.configuration().label(), run.verdict()))));
  }

  private void checkFolklore() {
    List<Configuration> all =
        levels(Setting.PROPERTY).filter(c -> analysis.has(c, THROUGHPUT)).toList();
    put(
        "folklore-summary",
        all.isEmpty()
            ? "not measured."
            : format(
                "of %d popular settings, %d have no significant effect on throughput, and with %d"
                    + " Spark executes exactly the same operators, tasks and batches.",
                all.size(),
                all.stream().filter(c -> !analysis.effect(c, THROUGHPUT).significant()).count(),
                all.stream().filter(study::isExecutedAsUsual).count()));
    if (all.isEmpty()) {
      put("folklore", "");
      return;
    }
    Configuration defaults = Configuration.baseline();
    put(
        "folklore",
        Markdown.table(
            List.of(
                "property of the session",
                ">throughput, calls/s",
                ">tasks per batch",
                ">largest batch",
                "effect on throughput"),
            Stream.concat(
                Stream.of(folklore(defaults.label(), defaults, "")),
                all.stream().map(c -> folklore("`" + c.label() + "`", c, folkloreEffect(c))))));
    put("plan", Markdown.code(study.trace(defaults).plan().lines().toList()));
  }

  private String folkloreEffect(Configuration configuration) {
    Effect effect = analysis.effect(configuration, THROUGHPUT);
    String change = effect.change();
    return (effect.significant() ? "**" + change + "**" : change + ", within noise")
        + (study.isExecutedAsUsual(configuration)
            ? "; same execution"
            : "; **different execution**");
  }

  private List<String> folklore(String name, Configuration configuration, String effect) {
    Trace trace = study.trace(configuration);
    return List.of(
        name,
        THROUGHPUT.range(analysis.estimate(configuration, THROUGHPUT)),
        format("%.0f", trace.tasks()),
        format("%,d", trace.largestBatch()),
        effect);
  }

  private void listInteractions() {
    List<Analysis.Interaction> all = analysis.interactions();
    put(
        "interactions",
        all.isEmpty()
            ? ""
            : Markdown.table(
                List.of(
                    "settings", "measure", ">product of the factors", ">measured", "interaction"),
                all.stream()
                    .map(
                        i ->
                            List.of(
                                i.configuration().label(),
                                i.measure().title,
                                format("×%.2f", i.expected()),
                                format("×%.2f", i.measured()),
                                i.significant() ? "**yes**" : "within noise"))));
  }

  private String configurations(Analysis compared, Collection<Configuration> rows) {
    List<String> header = new ArrayList<>(List.of("configuration"));
    COMPARED.forEach(measure -> header.add(">" + measure.title + ", " + measure.unit));
    header.add("does it keep up?");
    return Markdown.table(
        header,
        rows.stream()
            .map(
                c -> {
                  List<String> row = new ArrayList<>(List.of(c.label()));
                  COMPARED.forEach(measure -> row.add(figure(compared, c, measure)));
                  row.add(study.verdicts(c).orElse(NONE));
                  return row;
                }));
  }

  private static String figure(Analysis compared, Configuration configuration, Measure measure) {
    if (!compared.has(configuration, measure)) {
      return NONE;
    }
    String range = measure.range(compared.estimate(configuration, measure));
    return compared.effect(configuration, measure).significant() ? "**" + range + "**" : range;
  }

  private void listFailures() {
    put("failed", study.failures().size());
    put(
        "failures",
        study.failures().isEmpty()
            ? ""
            : Markdown.table(
                List.of("stage", ">round", "configuration", "measured", "reason"),
                study.failures().stream()
                    .map(
                        run ->
                            List.of(
                                run.stage().toString(),
                                Integer.toString(run.round()),
                                run.configuration().label(),
                                run.measured(),
                                run.reason()))));
  }

  private void describeMethod() {
    StudyProfile profile = study.profile();
    Load steady = profile.steady();
    Configuration defaults = Configuration.baseline();
    put("warm-ups", profile.warmUps());
    put("backlog", profile.backlog());
    put("throughput-rounds", profile.throughputRounds());
    put("throughput-defaults", Collections.frequency(profile.throughput(), defaults));
    put("rate", format("%,.0f", steady.rate()));
    put("seconds", steady.length().toSeconds());
    put("uncounted", steady.uncounted().toSeconds());
    put("latency-rounds", profile.latencyRounds());
    put("latency-defaults", Collections.frequency(profile.latency(), defaults));
    put("seed", Long.toString(study.seed()));
  }
}
