package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunningPipeline;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;

/**
 * Writes the results of a pipeline to one HTML file that you can mail or print: what is unusual, in
 * sentences with charts, then tables and the accounting, at the current time or at the end of the
 * run. The file is self-contained and has no scripts. If the pipeline has a {@link RunHistory} as a
 * listener, the report also contains a chart of the throughput over the run, and with a {@link
 * io.callstream.progress.StabilityMonitor} whether the run keeps up with the calls.
 */
public final class Report {
  private Report() {}

  /** Returns the report of a pipeline as HTML. */
  public static String html(RunningPipeline running) {
    return html(running, "", running.pipeline().source().description());
  }

  private static String html(RunningPipeline running, String label, String source) {
    List<RunHistory.Point> history =
        running.pipeline().listeners().stream()
            .filter(RunHistory.class::isInstance)
            .map(RunHistory.class::cast)
            .findFirst()
            .map(RunHistory::points)
            .orElse(List.of());
    return ReportPage.of(new SnapshotFactory(running).create(), history, label, source);
  }

  /**
   * Writes the report of a pipeline to a file. Replaces the file atomically where the file system
   * supports it, and creates the directory if it does not exist.
   *
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the file cannot be written
   */
  public static void write(RunningPipeline running, Path file) {
    write(running, file, "");
  }

  /**
   * Writes the report of a pipeline to a file, as {@link #write(RunningPipeline, Path)} does.
   *
   * @param label what the report states of all its data, such as {@code Synthetic data}; nothing if
   *     it is empty
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the file cannot be written
   */
  public static void write(RunningPipeline running, Path file, String label) {
    write(running, file, label, running.pipeline().source().description());
  }

  /**
   * Writes the report of a pipeline to a file, as {@link #write(RunningPipeline, Path, String)}
   * does.
   *
   * @param source where the calls come from, such as the name of a file that the program sends to
   *     the topic
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if the file cannot be written
   */
  public static void write(RunningPipeline running, Path file, String label, String source) {
    String html = html(running, label, source);
    try {
      Path target = file.toAbsolutePath();
      Path directory = target.getParent();
      if (directory != null && !Files.isDirectory(directory)) {
        Files.createDirectories(directory);
      }
      Path draft = target.resolveSibling(".callstream-" + UUID.randomUUID() + ".draft");
      try {
        Files.writeString(draft, html, UTF_8, StandardOpenOption.CREATE_NEW);
        replace(draft, target);
      } finally {
        Files.deleteIfExists(draft);
      }
    } catch (IOException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "The report cannot be written to " + file + " (" + e + "). Name another file.",
          e);
    }
  }

  private static void replace(Path draft, Path target) throws IOException {
    try {
      Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
