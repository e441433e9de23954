package io.callstream.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process has used so far.
 *
 * @param cpuNanos time on all cores, in nanoseconds
 * @param gcMillis time in which collectors were at work, in milliseconds
 * @param peakMegabytes the most memory that was resident, in MiB; -1 where Linux does not tell
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

  /** Returns for how many seconds the process has been running. */
  static double upSeconds() {
    return ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
  }

  /** Returns what was used since an earlier moment; the peak stays that of the whole process. */
  ProcessUsage since(ProcessUsage earlier) {
    return new ProcessUsage(
        cpuNanos - earlier.cpuNanos, gcMillis - earlier.gcMillis, peakMegabytes);
  }

  void writeTo(EndToEnd.JsonLine line) {
    line.put("cpu_s", cpuNanos / 1e9);
    line.put("gc_s", gcMillis / 1e3);
    line.put("peak_rss_mb", peakMegabytes);
  }
}
