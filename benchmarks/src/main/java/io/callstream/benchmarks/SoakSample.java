package io.callstream.benchmarks;

import com.sun.management.UnixOperatingSystemMXBean;
import io.callstream.engine.RunningPipeline;
import io.callstream.progress.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What a process and its pipeline hold at one moment.
 *
 * @param minutes since the start
 * @param received records so far
 * @param lag offsets that were not read when the last batch was done
 * @param batchMillis how long the last batch took
 * @param heapMegabytes heap after a full collection
 * @param residentMegabytes the process's resident memory; -1 where the system does not tell
 * @param threads threads
 * @param openFiles file descriptors; -1 where the system does not tell
 * @param stateRows rows in the state store
 * @param stateMegabytes memory of the state store
 * @param checkpointFiles files in the checkpoint directory
 * @param checkpointMegabytes their size
 * @param temporaryFiles files in the directory for temporary ones
 * @param temporaryMegabytes their size
 */
record SoakSample(
    double minutes,
    long received,
    long lag,
    long batchMillis,
    double heapMegabytes,
    long residentMegabytes,
    int threads,
    long openFiles,
    long stateRows,
    double stateMegabytes,
    long checkpointFiles,
    double checkpointMegabytes,
    long temporaryFiles,
    double temporaryMegabytes) {

  static SoakSample take(long startNanos, RunningPipeline run, Path checkpoint, Path temporary)
      throws IOException {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    Optional<Progress> progress = run.progress();
    Directory state = Directory.of(checkpoint);
    Directory rest = Directory.of(temporary);
    return new SoakSample(
        (System.nanoTime() - startNanos) / (double) TimeUnit.MINUTES.toNanos(1),
        run.accounting().received(),
        progress.map(Progress::lag).orElse(0L),
        progress.map(p -> p.batchDuration().toMillis()).orElse(0L),
        heap / 1e6,
        resident(),
        ManagementFactory.getThreadMXBean().getThreadCount(),
        openDescriptors(),
        progress.map(p -> p.state().rows()).orElse(0L),
        progress.map(p -> p.state().memoryBytes() / 1e6).orElse(0.0),
        state.files,
        state.bytes / 1e6,
        rest.files,
        rest.bytes / 1e6);
  }

  private static long resident() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return -1;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1_024)
        .findFirst()
        .orElse(-1);
  }

  private static long openDescriptors() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
        ? system.getOpenFileDescriptorCount()
        : -1;
  }

  /** The files below a directory, which may come and go while they are counted. */
  private record Directory(long files, long bytes) {
    static Directory of(Path directory) throws IOException {
      try (Stream<Path> all = Files.walk(directory)) {
        return all.map(Directory::ofFile).reduce(new Directory(0, 0), Directory::plus);
      } catch (UncheckedIOException e) {
        return of(directory);
      }
    }

    private static Directory ofFile(Path file) {
      try {
        return Files.isRegularFile(file) ? new Directory(1, Files.size(file)) : new Directory(0, 0);
      } catch (NoSuchFileException e) {
        return new Directory(0, 0);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private Directory plus(Directory other) {
      return new Directory(files + other.files, bytes + other.bytes);
    }
  }
}
