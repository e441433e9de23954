package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.Estimate;
import io.callstream.benchmarks.tune.Run.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** What a study found, as CSV. */
final class Tables {
  private static final CSVFormat CSV = CSVFormat.DEFAULT.builder().setRecordSeparator('\n').build();

  private Tables() {}

  /** Writes a line for each value that was measured, and one for each run that failed. */
  static Path writeRuns(Study study, Path file) throws IOException {
    try (CSVPrinter csv = new CSVPrinter(Files.newBufferedWriter(file), CSV)) {
      csv.printRecord(
          "stage",
          "round",
          "configuration",
          "measure",
          "value",
          "unit",
          "batches",
          "verdict",
          "failure");
      for (Run run : study.runs()) {
        for (Map.Entry<Measure, Double> value : run.values().entrySet()) {
          csv.printRecord(
              words(run.stage()),
              run.round(),
              run.configuration().label(),
              value.getKey().title(),
              number("%.1f", value.getValue()),
              value.getKey().unit(),
              run.trace().batches(),
              run.verdict(),
              "");
        }
      }
      for (FailedRun run : study.failures()) {
        csv.printRecord(
            words(run.stage()),
            run.round(),
            run.configuration().label(),
            run.measured(),
            "",
            "",
            "",
            "",
            run.reason());
      }
    }
    return file;
  }

  /** Writes a line for each measure of each configuration that was compared. */
  static Path writeEffects(Analysis analysis, List<Configuration> configurations, Path file)
      throws IOException {
    try (CSVPrinter csv = new CSVPrinter(Files.newBufferedWriter(file), CSV)) {
      csv.printRecord(
          "configuration", "measure", "mean", "least", "greatest", "factor", "noise", "beyond");
      for (Configuration configuration : configurations) {
        for (Measure measure : Measure.values()) {
          if (analysis.has(configuration, measure)) {
            Estimate estimate = analysis.estimate(configuration, measure);
            Effect effect = analysis.effect(configuration, measure);
            csv.printRecord(
                configuration.label(),
                measure.title(),
                number("%.1f", estimate.mean()),
                number("%.1f", estimate.least()),
                number("%.1f", estimate.most()),
                number("%.3f", effect.ratio()),
                number("%.3f", configuration.isBaseline() ? Double.NaN : effect.margin()),
                effect.beyondNoise());
          }
        }
      }
    }
    return file;
  }

  static String words(Stage stage) {
    return stage.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String number(String pattern, double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, pattern, value);
  }
}
