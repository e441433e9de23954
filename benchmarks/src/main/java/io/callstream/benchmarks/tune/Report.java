package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.Estimate;
import io.callstream.benchmarks.tune.Analysis.Goal;
import io.callstream.benchmarks.tune.Analysis.Interaction;
import io.callstream.benchmarks.tune.Analysis.Ranked;
import io.callstream.benchmarks.tune.Run.Stage;
import io.callstream.benchmarks.tune.Run.Trace;
import io.callstream.progress.StabilityMonitor;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a study found, in words, charts and tables. */
final class Report {
  /** How many settings are named as those that matter. */
  private static final int MATTER = 3;

  private final Study study;
  private final Analysis analysis;
  private final Document document = new Document("How settings change callstream on this machine");

  private Report(Study study) {
    this.study = study;
    analysis = Analysis.of(study.runs());
  }

  static Report of(Study study) {
    return new Report(study);
  }

  /** Writes {@code report.html}, {@code report.md} with its charts, and two tables as CSV. */
  List<Path> write(Path directory) throws IOException {
    summary();
    charts();
    ranking();
    recommendation();
    folklore();
    interactions();
    configurations();
    failures();
    method();
    List<Path> files = new ArrayList<>();
    files.add(Files.writeString(directory.resolve("report.html"), document.html()));
    files.add(Files.writeString(directory.resolve("report.md"), document.markdown()));
    for (Map.Entry<String, String> chart : document.charts().entrySet()) {
      files.add(Files.writeString(directory.resolve(chart.getKey()), chart.getValue()));
    }
    files.add(Tables.writeRuns(study, directory.resolve("runs.csv")));
    files.add(Tables.writeEffects(analysis, ordered(), directory.resolve("effects.csv")));
    return files;
  }

  // ---- the answers first

  private void summary() {
    document.paragraph(
        text(
            "The question: how do settings of Spark and Kafka change throughput and latency, which"
                + " two or three matter most, and how can one tell? Measured on %s, %s; profile"
                + " `%s`, %d runs in %.1f minutes, where some %d were expected.",
            machine(),
            study.began().atZone(ZoneOffset.UTC).toLocalDate(),
            study.profile().name(),
            study.runs().size(),
            study.took().toSeconds() / 60.0,
            study.profile().minutes()));
    if (!study.givenUp().isEmpty()) {
      document.paragraph(
          "**The study was given up before it was complete:** "
              + study.givenUp()
              + " What follows is from what had been measured.");
    }
    if (!study.failures().isEmpty()) {
      document.paragraph(
          text(
              "**%d runs failed,** and are left out of what follows (table below).",
              study.failures().size()));
    }
    List<Ranked> strong =
        analysis.ranking().stream().filter(ranked -> ranked.strength() > 1).limit(MATTER).toList();
    List<String> answers = new ArrayList<>();
    answers.add(
        strong.isEmpty()
            ? "**What matters most:** nothing that was tried changes more than noise does."
            : "**What matters most:** "
                + strong.stream().map(this::strongest).collect(Collectors.joining("; "))
                + ".");
    answers.add(
        text(
            "**How one can tell:** throughput of the same configuration differs from run to run by"
                + " %s, its p95 by %s (a standard deviation). With so many repeats, and %d comparisons"
                + " of which none is to be wrong by chance, noise may look like %s of throughput and"
                + " %s of p95. Only what is beyond counts here; what is within may still be real, and"
                + " is then too small for this profile to see. Folklore serves as a check: it must"
                + " have no effect.",
            percent(analysis.noise(Measure.THROUGHPUT)),
            percent(analysis.noise(Measure.P95)),
            analysis.comparisons(),
            band(Measure.THROUGHPUT),
            band(Measure.P95)));
    Configuration both = analysis.recommended(Goal.BOTH);
    answers.add(
        both.isBaseline()
            ? "**Recommended here:** callstream's defaults; no value that was tried is seen to be"
                + " better in throughput or latency without being worse in the other."
            : "**Recommended here:** " + both.label() + " (to paste: below).");
    answers.add("**Folklore:** " + folkloreInShort());
    List<Run> steady =
        study.runs().stream().filter(run -> run.values().containsKey(Measure.P95)).toList();
    if (!steady.isEmpty()) {
      answers.add(
          text(
              "**Does it keep up?** Of %d runs at %,.0f calls/s %d were stable, and of %d it is too"
                  + " early to tell. What was said of each configuration is in the table of all.",
              steady.size(),
              study.profile().steady().rate(),
              steady.stream().filter(run -> run.verdict().equals(Run.STABLE)).count(),
              steady.stream().filter(run -> run.verdict().startsWith(Run.TOO_EARLY)).count()));
    }
    document.bullets(answers);
  }

  private String strongest(Ranked ranked) {
    boolean throughput =
        ranked.throughputBeyondNoise()
            && !(ranked.latencyBeyondNoise() && ranked.latency() > ranked.throughput());
    Measure measure = throughput ? Measure.THROUGHPUT : Measure.P95;
    List<Configuration> byValue =
        Stream.concat(Stream.of(Configuration.baseline()), levels(ranked.setting()).stream())
            .filter(c -> analysis.has(c, measure))
            .sorted(Comparator.comparingDouble(c -> analysis.estimate(c, measure).mean()))
            .toList();
    return text(
        "**%s** (%s from %s %s at %s to %s %s at %s)",
        ranked.setting().title(),
        measure.title(),
        value(measure, analysis.estimate(byValue.get(0), measure).mean()),
        measure.unit(),
        words(ranked.setting(), byValue.get(0)),
        value(measure, analysis.estimate(byValue.get(byValue.size() - 1), measure).mean()),
        measure.unit(),
        words(ranked.setting(), byValue.get(byValue.size() - 1)));
  }

  private static String words(Setting setting, Configuration configuration) {
    String value = configuration.values().get(setting);
    return value == null ? "the default" : setting.words(value);
  }

  private static String machine() {
    Runtime runtime = Runtime.getRuntime();
    return text(
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

  // ---- charts

  private void charts() {
    document.heading("At a glance");
    chart(Measure.THROUGHPUT, "effects-throughput", "Throughput, by what was set");
    chart(Measure.P95, "effects-latency", "Latency p95, by what was set (less is better)");
    List<Chart.Point> points =
        analysis.places().stream()
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
          "Green is the frontier: none beats these in both at once. Where points lie closer than"
              + " noise, that is chance. A trigger interval has no effect on a backlog, and stands at"
              + " the defaults' throughput.");
    }
  }

  private void chart(Measure measure, String name, String title) {
    List<Chart.Bar> bars =
        ordered().stream()
            .filter(c -> !c.isBaseline() && analysis.has(c, measure))
            .map(c -> bar(c, measure))
            .toList();
    if (!bars.isEmpty()) {
      document.chart(
          name,
          Chart.effects(title, bars, analysis.margin(measure)),
          text(
              "The defaults: %s %s. Green is better, red is worse, grey is within noise.",
              value(measure, analysis.estimate(Configuration.baseline(), measure).mean()),
              measure.unit()));
    }
  }

  /** Returns the configurations: the defaults, single settings by rank and value, pairs. */
  private List<Configuration> ordered() {
    List<Setting> ranks = analysis.ranking().stream().map(Ranked::setting).toList();
    return analysis.configurations().stream()
        .sorted(
            Comparator.comparingInt((Configuration c) -> c.values().size())
                .thenComparingInt(c -> rank(ranks, c))
                .thenComparingInt(c -> c.label().length())
                .thenComparing(Configuration::label))
        .toList();
  }

  private static int rank(List<Setting> ranks, Configuration configuration) {
    int rank =
        configuration.isBaseline()
            ? 0
            : ranks.indexOf(configuration.values().keySet().iterator().next());
    return rank < 0 ? ranks.size() : rank;
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

  // ---- tables

  private void ranking() {
    document.heading("The settings by their effect");
    document.paragraph(
        "The factor between the best and the worst value that was tried, the default among them."
            + " A factor in brackets is within noise. What has a large factor and stands at its"
            + " best value already is worth knowing, and not worth changing.");
    List<List<String>> rows = new ArrayList<>();
    for (Ranked ranked : analysis.ranking()) {
      rows.add(
          List.of(
              ranked.setting().title(),
              "`" + ranked.setting().property() + "`",
              tried(ranked.setting()),
              factor(ranked.throughput(), ranked.throughputBeyondNoise()),
              factor(ranked.latency(), ranked.latencyBeyondNoise()),
              best(ranked.setting())));
    }
    document.table(
        List.of(
            "setting",
            "Spark's or Kafka's name",
            "tried beside the default",
            ">throughput, best to worst",
            ">p95, worst to best",
            "better than the default"),
        rows);
    document.bullets(
        analysis.ranking().stream()
            .map(ranked -> "**" + ranked.setting().title() + "**: " + ranked.setting().why() + ".")
            .toList());
  }

  private String tried(Setting setting) {
    return levels(setting).stream().map(c -> words(setting, c)).collect(Collectors.joining(", "));
  }

  private List<Configuration> levels(Setting setting) {
    return ordered().stream()
        .filter(c -> c.values().size() == 1 && c.values().containsKey(setting))
        .toList();
  }

  private String best(Setting setting) {
    List<String> better = new ArrayList<>();
    for (Configuration level : levels(setting)) {
      for (Measure measure : List.of(Measure.THROUGHPUT, Measure.P95)) {
        if (analysis.has(level, measure) && analysis.effect(level, measure).isGain()) {
          better.add(
              text(
                  "%s: %s %s",
                  words(setting, level), measure.title(), change(analysis.effect(level, measure))));
        }
      }
    }
    return better.isEmpty() ? "–" : String.join("; ", better);
  }

  private static String factor(double factor, boolean beyondNoise) {
    if (Double.isNaN(factor)) {
      return "–";
    }
    return beyondNoise ? text("**%.2f**", factor) : text("(%.2f)", factor);
  }

  // ---- what to use

  private void recommendation() {
    document.heading("What to use here");
    document.paragraph(
        "Of each setting the value that gains most beyond noise; no worse is what shows no loss"
            + " beyond noise.");
    Map<Goal, String> goals = new LinkedHashMap<>();
    goals.put(Goal.BOTH, "Better in one, no worse in the other");
    goals.put(Goal.THROUGHPUT, "Throughput above all");
    goals.put(Goal.LATENCY, "Latency above all");
    goals.forEach(
        (goal, words) -> {
          Configuration recommended = analysis.recommended(goal);
          if (recommended.isBaseline()) {
            document.paragraph("**" + words + ":** callstream's defaults. Nothing to paste.");
          } else {
            document.paragraph("**" + words + ":** " + withEffects(recommended) + ".");
            List<String> options = recommended.commandLine();
            if (!options.isEmpty()) {
              document.code(List.of("callstream statistics " + String.join(" \\\n  ", options)));
            }
            document.code(recommended.java());
          }
        });
    confirmation();
  }

  /** Returns the values of a recommendation with what each changed when it was set alone. */
  private String withEffects(Configuration recommended) {
    return recommended.values().entrySet().stream()
        .map(
            value -> {
              Configuration alone = Configuration.of(value.getKey(), value.getValue());
              return alone.label()
                  + Stream.of(Measure.THROUGHPUT, Measure.P95)
                      .map(m -> m.title() + " " + changed(value.getKey(), alone, m))
                      .collect(Collectors.joining(", ", " (", ")"));
            })
        .collect(Collectors.joining(", "));
  }

  private String changed(Setting setting, Configuration alone, Measure measure) {
    if (analysis.has(alone, measure)) {
      Effect effect = analysis.effect(alone, measure);
      return effect.beyondNoise() ? change(effect) : "within noise";
    }
    return setting == Setting.TRIGGER && measure == Measure.THROUGHPUT
        ? "of a backlog not concerned"
        : "not measured";
  }

  private void confirmation() {
    Map<Configuration, Map<Measure, List<Double>>> confirmed = new LinkedHashMap<>();
    for (Run run : study.runs()) {
      if (run.stage() == Stage.CONFIRM) {
        run.values()
            .forEach(
                (measure, value) ->
                    confirmed
                        .computeIfAbsent(run.configuration(), c -> new LinkedHashMap<>())
                        .computeIfAbsent(measure, m -> new ArrayList<>())
                        .add(value));
      }
    }
    if (confirmed.isEmpty()) {
      return;
    }
    document.paragraph(
        "Settings that are good one by one need not be good together. So the recommended"
            + " configuration and the defaults ran again, one after the other, in runs that the"
            + " recommendation did not know (means, with least and greatest):");
    List<List<String>> rows = new ArrayList<>();
    confirmed.forEach(
        (configuration, values) -> {
          List<String> row = new ArrayList<>();
          row.add(configuration.label());
          for (Measure measure : Measure.values()) {
            List<Double> all = values.getOrDefault(measure, List.of());
            row.add(
                all.isEmpty()
                    ? "–"
                    : spread(
                        measure,
                        Math.exp(all.stream().mapToDouble(Math::log).average().orElseThrow()),
                        all.stream().mapToDouble(v -> v).min().orElseThrow(),
                        all.stream().mapToDouble(v -> v).max().orElseThrow()));
          }
          row.add(verdicts(configuration));
          rows.add(row);
        });
    List<String> header = new ArrayList<>(measureHeader("configuration"));
    header.add("does it keep up?");
    document.table(header, rows);
    List<String> sustainable =
        study.runs().stream()
            .filter(run -> run.values().containsKey(Measure.SUSTAINABLE))
            .map(
                run ->
                    "Sustainable with " + run.configuration().label() + ": " + run.verdict() + ".")
            .toList();
    if (!sustainable.isEmpty()) {
      document.bullets(sustainable);
    }
  }

  private static List<String> measureHeader(String... before) {
    List<String> header = new ArrayList<>(List.of(before));
    for (Measure measure : Measure.values()) {
      header.add(">" + measure.title() + ", " + measure.unit());
    }
    return header;
  }

  // ---- what does nothing

  private List<Configuration> properties() {
    return analysis.configurations().stream()
        .filter(
            c -> c.values().containsKey(Setting.PROPERTY) && analysis.has(c, Measure.THROUGHPUT))
        .toList();
  }

  private String folkloreInShort() {
    List<Configuration> all = properties();
    long within =
        all.stream().filter(c -> !analysis.effect(c, Measure.THROUGHPUT).beyondNoise()).count();
    return all.isEmpty()
        ? "not looked at."
        : text(
            "of %d settings of which people expect much %d leave throughput within noise, and with %d"
                + " Spark does the same: operators, tasks and batches (table below).",
            all.size(), within, all.stream().filter(this::isExecutedAsUsual).count());
  }

  /** Returns whether Spark did with a configuration what it does with the defaults. */
  private boolean isExecutedAsUsual(Configuration configuration) {
    Trace usual = trace(Configuration.baseline());
    Trace trace = trace(configuration);
    return trace.plan().equals(usual.plan())
        && trace.largestBatch() == usual.largestBatch()
        && Math.abs(trace.tasks() - usual.tasks()) < 0.5;
  }

  private void folklore() {
    List<Configuration> all = properties();
    if (all.isEmpty()) {
      return;
    }
    document.heading("Folklore");
    document.paragraph(
        "These are in many a tuning guide: limits of Spark's older streaming API, settings of a"
            + " cluster's executors, and settings of planning and of consumers that do nothing for"
            + " callstream. callstream refuses those that never do anything; here they were set on a"
            + " host's own session, which nobody can refuse. Throughput within noise alone would not"
            + " say much: a small effect could hide there. But where Spark executes the same operators,"
            + " too, with as many tasks, over batches of the same size, the setting did nothing that a"
            + " batch would notice. Shuffle partitions were said: callstream takes"
            + " `spark.default.parallelism` for the number of cores, and would set as many.");
    Trace usual = trace(Configuration.baseline());
    List<List<String>> rows = new ArrayList<>();
    rows.add(folkloreRow("defaults", Configuration.baseline(), "", usual));
    for (Configuration configuration : all) {
      Effect effect = analysis.effect(configuration, Measure.THROUGHPUT);
      rows.add(
          folkloreRow(
              "`" + configuration.values().get(Setting.PROPERTY) + "`",
              configuration,
              (effect.beyondNoise()
                      ? "**" + change(effect) + "**"
                      : change(effect) + ", within noise")
                  + (isExecutedAsUsual(configuration)
                      ? "; executed the same"
                      : "; **executed otherwise**"),
              trace(configuration)));
    }
    document.table(
        List.of(
            "set on the session",
            ">throughput, calls/s",
            ">tasks per batch",
            ">largest batch",
            "effect on throughput"),
        rows);
    document.paragraph("The operators of a batch, as Spark executed them with the defaults:");
    document.code(usual.plan().lines().toList());
  }

  private List<String> folkloreRow(
      String name, Configuration configuration, String effect, Trace trace) {
    return List.of(
        name,
        spread(Measure.THROUGHPUT, analysis.estimate(configuration, Measure.THROUGHPUT)),
        text("%.0f", trace.tasks()),
        text("%,d", trace.largestBatch()),
        effect);
  }

  private Trace trace(Configuration configuration) {
    return study.runs().stream()
        .filter(
            run ->
                run.configuration().equals(configuration)
                    && run.values().containsKey(Measure.THROUGHPUT))
        .map(Run::trace)
        .findFirst()
        .orElseThrow();
  }

  // ---- pairs

  private void interactions() {
    List<Interaction> all = analysis.interactions();
    if (all.isEmpty()) {
      return;
    }
    document.heading("Two at a time");
    document.paragraph(
        "If two settings do not meddle with each other, their factors multiply. What differs from"
            + " that by more than noise is an interaction.");
    document.table(
        List.of("settings", "of", ">factors multiplied", ">measured", "interaction"),
        all.stream()
            .map(
                i ->
                    List.of(
                        i.configuration().label(),
                        i.measure().title(),
                        text("×%.2f", i.expected()),
                        text("×%.2f", i.measured()),
                        i.beyondNoise() ? "**yes**" : "within noise"))
            .toList());
  }

  // ---- everything

  private void configurations() {
    document.heading("All configurations");
    document.paragraph(
        text(
            "Geometric means over the rounds, with least and greatest; bold differs from the defaults"
                + " beyond noise. The verdicts are those of callstream's stability monitor on the runs"
                + " at %,.0f calls/s, and it wants %d batches; a backlog is no steady state, and has"
                + " none.",
            study.profile().steady().rate(), StabilityMonitor.MIN_BATCHES));
    List<List<String>> rows = new ArrayList<>();
    for (Configuration configuration : ordered()) {
      List<String> row = new ArrayList<>();
      row.add(configuration.label());
      for (Measure measure : measures()) {
        row.add(
            !analysis.has(configuration, measure)
                ? "–"
                : marked(configuration, measure, analysis.estimate(configuration, measure)));
      }
      row.add(verdicts(configuration));
      rows.add(row);
    }
    List<String> header = new ArrayList<>();
    header.add("configuration");
    measures().forEach(m -> header.add(">" + m.title() + ", " + m.unit()));
    header.add("does it keep up?");
    document.table(header, rows);
  }

  private static List<Measure> measures() {
    return Arrays.stream(Measure.values()).filter(m -> m != Measure.SUSTAINABLE).toList();
  }

  private String marked(Configuration configuration, Measure measure, Estimate estimate) {
    String spread = spread(measure, estimate);
    return analysis.effect(configuration, measure).beyondNoise() ? "**" + spread + "**" : spread;
  }

  /** Returns in how many of its runs at a steady rate a configuration was stable, and else what. */
  private String verdicts(Configuration configuration) {
    List<String> all =
        study.runs().stream()
            .filter(
                run ->
                    run.configuration().equals(configuration)
                        && run.values().containsKey(Measure.P95))
            .map(Run::verdict)
            .toList();
    if (all.isEmpty()) {
      return "–";
    }
    long stable = all.stream().filter(Run.STABLE::equals).count();
    Map<String, Long> others =
        all.stream()
            .filter(verdict -> !verdict.equals(Run.STABLE))
            .collect(
                Collectors.groupingBy(
                    verdict -> verdict, LinkedHashMap::new, Collectors.counting()));
    return text("stable in %d of %d", stable, all.size())
        + others.entrySet().stream()
            .map(other -> text(". In %d: %s", other.getValue(), other.getKey()))
            .collect(Collectors.joining());
  }

  private void failures() {
    if (study.failures().isEmpty()) {
      return;
    }
    document.heading("Runs that failed");
    document.paragraph(
        "They are no part of any figure. Where a configuration has fewer runs for that, its effect"
            + " must be greater to be beyond noise.");
    document.table(
        List.of("stage", ">round", "configuration", "measured", "why it failed"),
        study.failures().stream()
            .map(
                run ->
                    List.of(
                        Tables.words(run.stage()),
                        Integer.toString(run.round()),
                        run.configuration().label(),
                        run.measured(),
                        run.reason()))
            .toList());
  }

  private void method() {
    Profile profile = study.profile();
    document.heading("How it was measured");
    document.bullets(
        List.of(
            "One JVM for all runs, warm: "
                + profile.warmUps()
                + " backlogs and a steady run went before and do not count. Each run has a Spark"
                + " context of its own, which is there before its clock starts. Broker and sender"
                + " are in a process beside it, on the same cores.",
            text(
                "Throughput: a topic of %,d calls (of 2 partitions unless another number is said) is"
                    + " counted by type, and by hour, type and disposition, with a durable checkpoint"
                    + " and dead letters, from the start of the pipeline to its end; %d rounds.",
                profile.backlog(), profile.throughputRounds()),
            text(
                "Latency: %,.0f calls/s for %d s by a schedule fixed in advance; from the moment a"
                    + " call is due to the moment a sink sees it counted; the first %d s do not"
                    + " count; %d rounds. A run whose sender is late by more than a fifth of a second,"
                    + " or by 2 %% of the time if that is more, is ended and made again. Where in the trigger interval the calls begin is drawn anew"
                    + " for each run, else all runs would repeat the same chance.",
                profile.steady().rate(),
                profile.steady().length().toSeconds(),
                profile.steady().uncounted().toSeconds(),
                profile.latencyRounds()),
            text(
                "One setting at a time is changed from callstream's defaults, and some pairs. A round"
                    + " runs each configuration once, the defaults %d times for throughput and %d for"
                    + " latency, in random order (seed %d): what befalls the machine meanwhile befalls"
                    + " all.",
                Collections.frequency(profile.throughput(), Configuration.baseline()),
                Collections.frequency(profile.latency(), Configuration.baseline()),
                study.seed()),
            text(
                "Effects are factors. What is left of their logarithms when configuration and round"
                    + " are taken out is noise, taken to be of one size for all configurations"
                    + " (randomized block design, by least squares). An effect is beyond it if it is"
                    + " 3 %% or more, and more than noise would reach with a chance of 5 %% in any of"
                    + " the %d comparisons judged here: each configuration with the defaults, in"
                    + " throughput and in each percentile, and each pair with its two settings"
                    + " (Student's t, Bonferroni).",
                analysis.comparisons()),
            "`runs.csv` has every run with its verdict, `effects.csv` every effect."));
  }

  // ---- words

  private static String spread(Measure measure, Estimate estimate) {
    return spread(measure, estimate.mean(), estimate.least(), estimate.most());
  }

  private static String spread(Measure measure, double mean, double least, double most) {
    return least == most
        ? value(measure, mean)
        : text("%s (%s–%s)", value(measure, mean), value(measure, least), value(measure, most));
  }

  /** Returns a value with as many digits as mean something. */
  private static String value(Measure measure, double value) {
    double step =
        measure.moreIsBetter() ? Math.pow(10, Math.max(0, Math.floor(Math.log10(value)) - 2)) : 1;
    return text("%,.0f", Math.rint(value / step) * step);
  }

  private static String change(Effect effect) {
    double percent = 100 * (effect.ratio() - 1);
    return effect.ratio() > 3 ? text("×%.1f", effect.ratio()) : text("%+.0f %%", percent);
  }

  /** Returns between which changes noise may lie: as a factor it reaches as far down as up. */
  private String band(Measure measure) {
    double margin = analysis.margin(measure);
    return Double.isNaN(margin)
        ? "an unknown part"
        : text("%+.0f to %+.0f %%", 100 * (1 / margin - 1), 100 * (margin - 1));
  }

  private static String percent(double part) {
    return Double.isNaN(part) ? "an unknown part" : text("%.0f %%", 100 * part);
  }

  private static String text(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
