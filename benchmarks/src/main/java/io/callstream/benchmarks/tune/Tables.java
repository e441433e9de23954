package io.callstream.benchmarks.tune;

import io.callstream.benchmarks.tune.Analysis.Effect;
import io.callstream.benchmarks.tune.Analysis.Estimate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;

/** Writes the results of a study as CSV. */
final class Tables {
  private Tables() {}

  private static CSVPrinter open(Path file, String header) throws IOException {
    return CSVFormat.DEFAULT
        .builder()
        .setRecordSeparator('\n')
        .setHeader(header.split(","))
        .build()
        .print(Files.newBufferedWriter(file));
  }

  /** Writes a row for each measured value and for each failed run. */
  static Path writeRuns(StudyResult study, Path file) throws IOException {
    try (CSVPrinter csv =
        open(file, "stage,round,configuration,measure,value,unit,batches,verdict,failure")) {
      for (StudyRun run : study.runs()) {
        for (Map.Entry<Measure, Double> value : run.values().entrySet()) {
          csv.printRecord(
              run.stage(),
              run.round(),
              run.configuration().label(),
              value.getKey().title,
              number("%.1f", value.getValue()),
              value.getKey().unit,
              run.trace().batches(),
              run.verdict(),
              "");
        }
      }
      for (StudyRun.Failure run : study.failures()) {
        csv.printRecord(
            run.stage(),
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

  /** Writes a row for each measure of each compared configuration. */
  static Path writeEffects(Analysis analysis, List<Configuration> configurations, Path file)
      throws IOException {
    try (CSVPrinter csv =
        open(file, "configuration,measure,mean,least,greatest,factor,noise,beyond")) {
      for (Configuration configuration : configurations) {
        for (Measure measure : Measure.values()) {
          if (analysis.has(configuration, measure)) {
            Estimate estimate = analysis.estimate(configuration, measure);
            Effect effect = analysis.effect(configuration, measure);
            csv.printRecord(
                configuration.label(),
                measure.title,
                number("%.1f", estimate.mean()),
                number("%.1f", estimate.min()),
                number("%.1f", estimate.max()),
                number("%.3f", effect.ratio()),
                number("%.3f", configuration.isBaseline() ? Double.NaN : effect.margin()),
                effect.significant());
          }
        }
      }
    }
    return file;
  }

  private static String number(String pattern, double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, pattern, value);
  }
}
