package io.callstream.benchmarks;

import io.callstream.benchmarks.load.Traffic;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import io.callstream.spark.SparkEngine;
import io.callstream.statistic.StandardStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;

/**
 * Runs a pipeline for as long as asked over a topic that gets disordered, repeated and damaged
 * calls at a steady rate, and reports what it holds over time: heap after a full collection, state,
 * files, threads. Lines that rise are leaks.
 *
 * <p>The traffic comes from a process of its own ({@link Traffic}). Event time runs faster than the
 * clock, so that windows open and close all the time; results of closed windows are retained for a
 * week of event time.
 *
 * <p>Arguments: {@code minutes rate directory}. Into the directory go {@code soak.csv}, {@code
 * soak.png}, {@code soak.md}, and everything that the run needs, which is left there.
 */
public final class Soak {
  private static final Duration SAMPLE_INTERVAL = Duration.ofSeconds(20);
  private static final String TOPIC = "soak";
  private static final int PARTITIONS = 2;
  private static final Duration RETENTION = Duration.ofDays(7);

  /** A curve of the report. */
  private record Curve(String title, ToDoubleFunction<SoakSample> value) {
    double[] of(List<SoakSample> samples) {
      return samples.stream().mapToDouble(value).toArray();
    }
  }

  private static final List<Curve> CURVES =
      List.of(
          new Curve("heap after a full collection, MB", SoakSample::heapMegabytes),
          new Curve("resident memory, MB", SoakSample::residentMegabytes),
          new Curve("state rows", SoakSample::stateRows),
          new Curve("state store memory, MB", SoakSample::stateMegabytes),
          new Curve("checkpoint files", SoakSample::checkpointFiles),
          new Curve("checkpoint, MB", SoakSample::checkpointMegabytes),
          new Curve("temporary files", SoakSample::temporaryFiles),
          new Curve("open files", SoakSample::openFiles),
          new Curve("threads", SoakSample::threads),
          new Curve("duration of the last batch, ms", SoakSample::batchMillis),
          new Curve("lag, offsets", SoakSample::lag),
          new Curve("records received", SoakSample::received));

  private Soak() {}

  /** Runs the soak. */
  public static void main(String[] args) throws Exception {
    if (args.length != 3) {
      throw new IllegalArgumentException("Say minutes, calls per second, and a directory");
    }
    Duration length = Duration.ofSeconds((long) (60 * Double.parseDouble(args[0])));
    double rate = Double.parseDouble(args[1]);
    Path directory = Files.createDirectories(Path.of(args[2]));
    Path temporary = Files.createDirectories(Path.of(System.getProperty("java.io.tmpdir")));
    // More calls than the run can see, so that the traffic does not end before it.
    long calls = (long) (rate * (length.toSeconds() + 120));
    List<SoakSample> samples = new ArrayList<>();
    Accounting accounting;
    try (Traffic traffic = Traffic.embedded()) {
      traffic.create(TOPIC, PARTITIONS);
      traffic.mess(TOPIC, calls, rate);
      accounting = soak(length, traffic, directory, temporary, samples);
    }
    write(samples, directory.resolve("soak.csv"));
    draw(samples, directory.resolve("soak.png"));
    Files.writeString(directory.resolve("soak.md"), table(samples, accounting));
    System.out.print(table(samples, accounting));
  }

  private static Accounting soak(
      Duration length, Traffic traffic, Path directory, Path temporary, List<SoakSample> samples)
      throws Exception {
    try (RunningPipeline run = start(traffic, directory)) {
      long start = System.nanoTime();
      while (System.nanoTime() - start < length.toNanos()) {
        if (run.awaitTermination(SAMPLE_INTERVAL)) {
          throw new IllegalStateException("The run ended by itself");
        }
        if (!traffic.isAlive()) {
          throw new IllegalStateException("The traffic ended; standard error says why");
        }
        SoakSample sample = SoakSample.take(start, run, directory.resolve("checkpoint"), temporary);
        samples.add(sample);
        System.err.println(sample);
      }
      run.stop();
      return run.accounting();
    }
  }

  private static RunningPipeline start(Traffic traffic, Path directory) {
    SanFranciscoCalls format = SanFranciscoCalls.json();
    Pipeline pipeline =
        Pipeline.builder(KafkaTopic.of(TOPIC).at(traffic.bootstrapServers()), format)
            .statistics(StandardStatistics.all(format.zone(), StandardStatistics.DEFAULT_LATENESS))
            .distinct()
            .retainingResults(RETENTION)
            .results(Sinks.csv(directory.resolve("out")))
            .deadLetters(Sinks.deadLetterFiles(directory.resolve("out")))
            .build();
    return new SparkEngine()
        .start(
            pipeline,
            RunOptions.continuous().checkpointingTo(directory.resolve("checkpoint").toString()));
  }

  private static void write(List<SoakSample> samples, Path file) throws IOException {
    CSVFormat format = CSVFormat.DEFAULT.builder().setRecordSeparator('\n').build();
    try (CSVPrinter csv = new CSVPrinter(Files.newBufferedWriter(file), format)) {
      csv.print("minutes");
      for (Curve curve : CURVES) {
        csv.print(curve.title());
      }
      csv.println();
      for (SoakSample sample : samples) {
        csv.print(number(sample.minutes()));
        for (Curve curve : CURVES) {
          csv.print(number(curve.value().applyAsDouble(sample)));
        }
        csv.println();
      }
    }
  }

  private static void draw(List<SoakSample> samples, Path file) throws IOException {
    double[] minutes = samples.stream().mapToDouble(SoakSample::minutes).toArray();
    List<XYChart> charts = new ArrayList<>();
    for (Curve curve : CURVES) {
      XYChart chart =
          new XYChartBuilder()
              .width(440)
              .height(260)
              .title(curve.title())
              .xAxisTitle("minutes")
              .theme(Styler.ChartTheme.Matlab)
              .build();
      chart.getStyler().setLegendVisible(false);
      chart.getStyler().setYAxisMin(0.0);
      chart.getStyler().setMarkerSize(0);
      chart.addSeries(curve.title(), minutes, curve.of(samples));
      charts.add(chart);
    }
    BitmapEncoder.saveBitmap(charts, 4, 3, file.toString(), BitmapEncoder.BitmapFormat.PNG);
  }

  /** Returns the medians of each quarter of the run: what is flat has the same in all of them. */
  private static String table(List<SoakSample> samples, Accounting accounting) {
    StringBuilder table = new StringBuilder(256);
    table.append("| median of | 1st quarter | 2nd quarter | 3rd quarter | 4th quarter |\n");
    table.append("|---|--:|--:|--:|--:|\n");
    for (Curve curve : CURVES) {
      table.append("| ").append(curve.title()).append(" | ");
      table.append(
          IntStream.range(0, 4)
              .mapToObj(quarter -> number(median(curve.of(quarter(samples, quarter)))))
              .collect(Collectors.joining(" | ")));
      table.append(" |\n");
    }
    return table.append('\n').append(accounting.toJson()).append('\n').toString();
  }

  private static List<SoakSample> quarter(List<SoakSample> samples, int quarter) {
    return samples.subList(samples.size() * quarter / 4, samples.size() * (quarter + 1) / 4);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted.length == 0 ? Double.NaN : sorted[sorted.length / 2];
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.1f", value);
  }
}
