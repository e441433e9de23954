package io.callstream.kafka.broker;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * A node in a separate JVM. Call the methods in this order, each for all new nodes of the cluster
 * before the next one: {@link #start}, {@link #controllerPort}, {@link #join}, {@link #awaitReady}.
 *
 * <p>The protocol uses the standard streams of the process. The node gets its plan, sends the port
 * of its controller, gets those of all controllers, and sends the ports of its broker. Then it gets
 * the commands of {@link NodeMain}.
 */
final class NodeProcess {
  private static final int SHOWN_CHARACTERS = 1_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final NodePlan plan;
  private final Path log;
  private final DataOutputStream to;
  private final DataInputStream from;

  private NodeProcess(Process process, NodePlan plan, Path log) {
    this.process = process;
    this.plan = plan;
    this.log = log;
    this.to = new DataOutputStream(process.getOutputStream());
    this.from = new DataInputStream(process.getInputStream());
  }

  /** Starts a process. What it logs is added to a file next to its data. */
  static NodeProcess start(NodePlan plan) throws IOException {
    Files.createDirectories(plan.data());
    Path log = plan.data().resolveSibling(plan.data().getFileName() + ".log");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            NodeMain.class.getName());
    Process process =
        new ProcessBuilder(command)
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    NodeProcess node = new NodeProcess(process, plan, log);
    try {
      plan.writeTo(node.to);
      node.to.flush();
    } catch (IOException e) {
      throw node.ended(e);
    }
    return node;
  }

  /** Returns the port of the node's controller when it is bound. */
  int controllerPort() throws IOException {
    return nextPort();
  }

  /** Sends the ports of all controllers, by the ids of their nodes. */
  void join(Map<Integer, Integer> controllers) throws IOException {
    to.writeInt(controllers.size());
    for (Map.Entry<Integer, Integer> controller : controllers.entrySet()) {
      to.writeInt(controller.getKey());
      to.writeInt(controller.getValue());
    }
    to.flush();
  }

  /**
   * Waits until the node accepts requests. Without a majority of the controllers, it never does.
   */
  NodePlan.Ports awaitReady(int controllerPort) throws IOException {
    Executor later = CompletableFuture.delayedExecutor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    CompletableFuture<Void> end = CompletableFuture.runAsync(process::destroyForcibly, later);
    try {
      return new NodePlan.Ports(nextPort(), controllerPort, nextPort());
    } finally {
      end.cancel(false);
    }
  }

  private int nextPort() throws IOException {
    try {
      int port = from.readInt();
      if (port == NodeMain.FAILED) {
        throw new IllegalStateException("node " + plan.id() + ": " + from.readUTF());
      }
      return port;
    } catch (IOException e) {
      throw ended(e);
    }
  }

  private IOException ended(IOException e) throws IOException {
    String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
    return new IOException(
        "the process of node "
            + plan.id()
            + " ended, or was not ready within 60 s. Its output: "
            + text.substring(Math.max(0, text.length() - SHOWN_CHARACTERS)).strip(),
        e);
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Ends the process without giving it a chance to do anything. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** Moves the leadership of the node's partitions to other nodes, and stops its broker. */
  void stopBroker() {
    try {
      to.writeByte(NodeMain.STOP_BROKER);
      to.flush();
      from.readByte();
    } catch (IOException e) {
      kill(); // It has ended.
    }
  }

  /** Stops the node after {@link #stopBroker}. */
  void stop() {
    try {
      to.writeByte(NodeMain.STOP_CONTROLLER);
      to.flush();
      from.read(); // Nothing comes before the end.
    } catch (IOException e) {
      // It has ended.
    }
    kill();
  }
}
