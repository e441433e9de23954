package io.callstream.dashboard;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunningPipeline;
import io.callstream.progress.StabilityMonitor;
import io.callstream.progress.StabilityVerdict;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a {@link Dashboard} shows, as one HTML file to mail or print: pictures, tables and the
 * accounting, as of now or of the end of the run. The file needs nothing beside it, and no script.
 * With a {@link RunHistory} among the pipeline's listeners it has a picture of the throughput over
 * the run.
 */
public final class Report {
  private Report() {}

  /** Returns the report of a pipeline as HTML. */
  public static String html(RunningPipeline running) {
    Optional<StabilityVerdict> verdict =
        SnapshotMaker.monitor(running).flatMap(StabilityMonitor::verdict);
    List<RunHistory.Point> history =
        running.pipeline().listeners().stream()
            .filter(RunHistory.class::isInstance)
            .map(RunHistory.class::cast)
            .findFirst()
            .map(RunHistory::points)
            .orElse(List.of());
    return ReportPage.of(new SnapshotMaker(running).make(verdict.orElse(null), List.of()), history);
  }

  /**
   * Writes the report of a pipeline into a file, which is there whole or as it was before. Its
   * directory is made if need be.
   *
   * @throws CallstreamException if it can't be written
   */
  public static void write(RunningPipeline running, Path file) {
    String html = html(running);
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
          "The report " + file + " can't be written (" + e + "). Name another file.",
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
