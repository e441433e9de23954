package io.callstream.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * Measures all combinations of several values of the arguments of {@link Scale}, each in a new
 * process with the JVM options of this one. It repeats the whole series, and prints the lines of
 * the processes, and then a table of the medians in Markdown.
 */
final class ScaleSeries {
  private static final String REPEATS = "repeats=";
  private static final List<String> FIGURES =
      List.of(
          "calls_per_s",
          "batch_ms_p50",
          "batch_ms_p99",
          "checkpoint_mb",
          "checkpoint_kb_per_batch",
          "written_kb_per_batch",
          "live_heap_mb",
          "cpu_s",
          "restart_s");

  private ScaleSeries() {}

  static boolean isRequestedBy(String[] args) {
    return Stream.of(args).anyMatch(arg -> arg.contains(",") || arg.startsWith(REPEATS));
  }

  /**
   * Measures.
   *
   * @param args arguments of {@link Scale}, whose values may be lists with commas; and {@code
   *     repeats=3}
   * @throws IllegalStateException after all points, if one of them failed
   */
  static void run(String[] args, PrintStream out) throws IOException, InterruptedException {
    int repeats = 3;
    List<List<String>> points = List.of(List.of());
    for (String arg : args) {
      if (arg.startsWith(REPEATS)) {
        repeats = Integer.parseInt(arg.substring(REPEATS.length()));
      } else {
        points = combined(points, arg);
      }
    }
    List<List<JsonNode>> measured =
        points.stream().<List<JsonNode>>map(point -> new ArrayList<>()).toList();
    int failures = 0;
    for (int i = 0; i < repeats; i++) {
      for (int p = 0; p < points.size(); p++) {
        String line = measure(points.get(p));
        if (line.isEmpty()) {
          failures++;
          out.println("failed: " + points.get(p));
        } else {
          out.println(line);
          measured.get(p).add(new ObjectMapper().readTree(line));
        }
      }
    }
    out.println("| point | runs | " + String.join(" | ", FIGURES) + " |");
    out.println("|---|" + "--:|".repeat(FIGURES.size() + 1));
    for (int p = 0; p < points.size(); p++) {
      out.println(row(points.get(p), measured.get(p)));
    }
    if (failures > 0) {
      throw new IllegalStateException(failures + " processes failed; their messages are above");
    }
  }

  private static List<List<String>> combined(List<List<String>> points, String arg) {
    String key = arg.substring(0, arg.indexOf('=') + 1);
    List<List<String>> all = new ArrayList<>();
    for (List<String> point : points) {
      for (String value : arg.substring(key.length()).split(",", -1)) {
        List<String> longer = new ArrayList<>(point);
        longer.add(key + value);
        all.add(longer);
      }
    }
    return all;
  }

  /** Returns the line of JSON that a process prints, or an empty text if it failed. */
  private static String measure(List<String> point) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    Collections.addAll(
        command, "-cp", System.getProperty("java.class.path"), Scale.class.getName());
    command.addAll(point);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor() == 0 ? output.strip() : "";
  }

  private static String row(List<String> point, List<JsonNode> lines) {
    StringBuilder row = new StringBuilder("| " + String.join(" ", point) + " | " + lines.size());
    for (String figure : FIGURES) {
      double[] sorted =
          lines.stream().mapToDouble(l -> l.path(figure).asDouble()).sorted().toArray();
      row.append(" | ").append(sorted.length == 0 ? "" : sorted[sorted.length / 2]);
    }
    return row.append(" |").toString();
  }
}
