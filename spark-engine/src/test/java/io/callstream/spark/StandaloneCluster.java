package io.callstream.spark;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.spark.Processes.Running;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A standalone Spark cluster of a master and two workers with two cores each. All are separate
 * processes, and the workers have different loopback addresses. If the user may mount file systems,
 * each worker has a private disk: in its mount namespace, {@link #disk} is another file system than
 * that of the driver and of the other worker.
 */
final class StandaloneCluster implements AutoCloseable {
  private static final String EXECUTOR = "CoarseGrainedExecutorBackend";
  private static final String DRIVER = "DriverWrapper";
  private static final List<String> HOSTS = List.of("127.0.0.2", "127.0.0.3");

  private final Processes processes;
  private final Path directory;
  private final List<String> privateDisk;
  private final Map<String, Running> workers = new TreeMap<>();
  private final String url;
  private Running master;
  private int started;

  private StandaloneCluster(Path directory, Processes processes) throws Exception {
    this.directory = directory;
    this.processes = processes;
    Files.createDirectories(disk());
    List<String> mount =
        List.of(
            "unshare",
            "-m",
            "sh",
            "-c",
            "mount -t tmpfs none '" + disk() + "' && exec \"$@\"",
            "sh");
    List<String> trial = new ArrayList<>(mount);
    trial.add("true");
    boolean isAllowed = processes.start("trial", trial).awaitEnd() == 0;
    privateDisk = isAllowed ? mount : List.of();
    System.out.println("StandaloneCluster: workers with private disks: " + isAllowed);
    master = startMaster("0");
    url = Processes.url(master);
    HOSTS.forEach(this::startWorker);
    HOSTS.forEach(host -> master.awaitText("Registering worker " + host));
  }

  /** Starts a cluster, with its logs and disks in a directory. */
  static StandaloneCluster start(Path directory) throws Exception {
    Processes processes = new Processes(directory);
    try {
      return new StandaloneCluster(directory, processes);
    } catch (Exception | AssertionError e) {
      processes.close();
      throw e;
    }
  }

  /** Returns whether this machine has the addresses of the workers. */
  static boolean isPossible() {
    return HOSTS.stream().allMatch(StandaloneCluster::canBind);
  }

  private static boolean canBind(String host) {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host))) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the directory that is another one for each worker. */
  Path disk() {
    return directory.resolve("disk");
  }

  String url() {
    return url;
  }

  /** Returns the settings of an application with an executor on each worker. */
  Map<String, String> settings() {
    Map<String, String> settings = new LinkedHashMap<>(Driver.cluster(url));
    settings.put("spark.cores.max", "2");
    settings.put("spark.executor.cores", "1");
    settings.put("spark.scheduler.minRegisteredResourcesRatio", "1.0");
    settings.put("spark.executor.extraJavaOptions", "-Djava.io.tmpdir=" + disk());
    HdfsCluster.settings().forEach((key, value) -> settings.put("spark.hadoop." + key, value));
    // Otherwise, a file system that another task opened in the same process would help a task that
    // lacks these settings.
    settings.put("spark.hadoop.fs.hdfs.impl.disable.cache", "true");
    return settings;
  }

  private Running startMaster(String port) {
    Running running =
        processes.java(
            "master-" + started++,
            List.of(),
            List.of(
                "-Dspark.deploy.recoveryMode=FILESYSTEM",
                "-Dspark.deploy.recoveryDirectory=" + directory.resolve("recovery")),
            "org.apache.spark.deploy.master.Master",
            List.of("--host", "127.0.0.1", "--port", port, "--webui-port", "0"));
    running.awaitText("Starting Spark master at ");
    return running;
  }

  private void startWorker(String host) {
    String name = "worker-" + started++;
    Path work = disk().resolve(name);
    workers.put(
        host,
        processes.java(
            name,
            privateDisk,
            List.of("-Djava.io.tmpdir=" + disk()),
            "org.apache.spark.deploy.worker.Worker",
            List.of(
                "--host",
                host,
                "--cores",
                "2",
                "--memory",
                "3g",
                "--webui-port",
                "0",
                "--work-dir",
                work.toString(),
                url)));
  }

  private Stream<ProcessHandle> descendants(String part) {
    return workers.values().stream()
        .flatMap(worker -> worker.process().descendants())
        .filter(process -> commandLine(process).contains(part));
  }

  /** Returns the whole line, which {@link ProcessHandle} does not return if it is long. */
  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), ISO_8859_1);
    } catch (IOException e) {
      return ""; // The process has ended.
    }
  }

  /** Returns the number of running executors. */
  long executors() {
    return descendants(EXECUTOR).count();
  }

  /** Returns a running executor. */
  ProcessHandle executor() {
    return descendants(EXECUTOR).findFirst().orElseThrow();
  }

  /** Returns the driver that runs on a worker. */
  ProcessHandle driver() {
    return descendants(DRIVER).findFirst().orElseThrow();
  }

  static void kill(ProcessHandle process) {
    process.destroyForcibly();
    process.onExit().join();
  }

  /** Kills a worker with all that it runs, as a machine fails. */
  void killMachine() {
    Running worker = workers.get(HOSTS.get(0));
    List<ProcessHandle> all = worker.process().descendants().toList();
    kill(worker.process().toHandle());
    all.forEach(StandaloneCluster::kill);
  }

  /** Kills only the process of a worker. */
  void killWorker() {
    kill(workers.get(HOSTS.get(0)).process().toHandle());
  }

  /** Starts the worker again that was killed, with an empty disk. */
  void restartWorker() {
    startWorker(HOSTS.get(0));
  }

  void killMaster() {
    kill(master.process().toHandle());
  }

  void restartMaster() {
    master = startMaster(url.substring(url.lastIndexOf(':') + 1));
  }

  /** Sends a signal, which is a name such as STOP. */
  static void signal(String name, ProcessHandle process) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor())
        .isZero();
  }

  String text() {
    StringBuilder text = new StringBuilder(master.text());
    workers.values().forEach(worker -> text.append(worker.text()));
    return text.toString();
  }

  @Override
  public void close() {
    processes.close();
  }
}
