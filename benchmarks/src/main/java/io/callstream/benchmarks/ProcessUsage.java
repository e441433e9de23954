package io.callstream.benchmarks;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The resources that this process has used since its start.
 *
 * @param cpuNanos CPU time on all cores, in nanoseconds
 * @param gcMillis time in garbage collections, in milliseconds
 * @param peakMegabytes peak of the resident memory, in MiB; -1 if the system does not report it
 */
record ProcessUsage(long cpuNanos, long gcMillis, long peakMegabytes) {
  static ProcessUsage now() throws IOException {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long gcMillis =
        ManagementFactory.getGarbageCollectorMXBeans().stream()
            .mapToLong(GarbageCollectorMXBean::getCollectionTime)
            .sum();
    return new ProcessUsage(system.getProcessCpuTime(), gcMillis, peak());
  }

  private static long peak() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return -1;
    }
    return Files.readAllLines(status).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(-1);
  }

  /** Returns a number with at most three decimal places. */
  static double rounded(double value) {
    return Math.round(value * 1e3) / 1e3;
  }

  /** Returns the use since {@code earlier}; the peak remains that of the whole process. */
  ProcessUsage since(ProcessUsage earlier) {
    return new ProcessUsage(
        cpuNanos - earlier.cpuNanos, gcMillis - earlier.gcMillis, peakMegabytes);
  }

  void writeTo(ObjectNode line) {
    line.put("cpu_s", rounded(cpuNanos / 1e9));
    line.put("gc_s", rounded(gcMillis / 1e3));
    line.put("peak_rss_mb", peakMegabytes);
  }
}
