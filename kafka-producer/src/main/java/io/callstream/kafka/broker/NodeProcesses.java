package io.callstream.kafka.broker;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/** The nodes of a cluster, each in a separate process. Not thread-safe. */
final class NodeProcesses implements EmbeddedBroker.Nodes {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration PAUSE = Duration.ofMillis(50);
  private static final String PREFIX = "node-";

  private final Path directory;
  private final BrokerSecurity security;
  private final String clusterId;
  private final List<Member> members = new ArrayList<>();

  /** A node, with its last process. */
  private static final class Member {
    private final int id;
    private NodePlan.Ports ports;
    private NodeProcess process;

    Member(int id, NodePlan.Ports ports, NodeProcess process) {
      this.id = id;
      this.ports = ports;
      this.process = process;
    }
  }

  private NodeProcesses(Path directory, BrokerSecurity security) throws IOException {
    this.directory = directory;
    this.security = security;
    this.clusterId = storedClusterId();
  }

  /** Returns the number of nodes that have stored data in a directory. */
  static int storedNodes(Path directory) {
    int nodes = 0;
    while (Files.exists(directory.resolve(PREFIX + (nodes + 1)))) {
      nodes++;
    }
    return nodes;
  }

  private String storedClusterId() throws IOException {
    Path file = directory.resolve(PREFIX + 1).resolve(KraftNode.META_PROPERTIES);
    if (!Files.exists(file)) {
      return Uuid.randomUuid().toString();
    }
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(file)) {
      properties.load(in);
    }
    return properties.getProperty("cluster.id", "");
  }

  /**
   * Starts nodes that listen on this port and the following ones.
   *
   * @param port 0 for any free ports
   */
  static NodeProcesses start(int count, int port, Path directory, BrokerSecurity security)
      throws IOException {
    NodeProcesses nodes = new NodeProcesses(directory, security);
    try {
      for (int id = 1; id <= count; id++) {
        NodePlan.Ports ports = new NodePlan.Ports(port == 0 ? 0 : port + id - 1, 0, 0);
        nodes.members.add(new Member(id, ports, nodes.start(id, count, ports)));
      }
      nodes.connect(nodes.members);
      return nodes;
    } catch (IOException | RuntimeException e) {
      nodes.killAll();
      throw e;
    }
  }

  private NodeProcess start(int id, int count, NodePlan.Ports ports) throws IOException {
    Path data = directory.resolve(PREFIX + id);
    return NodeProcess.start(NodePlan.of(id, count, ports, data, clusterId, security));
  }

  /** Waits until new processes are ready, which requires a majority of the controllers. */
  private void connect(List<Member> started) throws IOException {
    for (Member member : started) {
      int controller = member.process.controllerPort();
      member.ports = new NodePlan.Ports(member.ports.broker(), controller, member.ports.inner());
    }
    Map<Integer, Integer> controllers = new HashMap<>();
    members.forEach(member -> controllers.put(member.id, member.ports.controller()));
    for (Member member : started) {
      member.process.join(controllers);
    }
    for (Member member : started) {
      member.ports = member.process.awaitReady(member.ports.controller());
    }
  }

  @Override
  public List<Integer> ports() {
    return members.stream().map(member -> member.ports.broker()).toList();
  }

  private Member member(int id) {
    if (id < 1 || id > members.size()) {
      throw new IllegalArgumentException(
          "The broker has no node " + id + "; its nodes are 1 to " + members.size());
    }
    return members.get(id - 1);
  }

  private NodeProcess running(int id) {
    NodeProcess process = member(id).process;
    if (!process.isAlive()) {
      throw new IllegalStateException("Node " + id + " of the broker does not run");
    }
    return process;
  }

  void kill(int id) {
    running(id).kill();
  }

  void stop(int id) {
    NodeProcess process = running(id);
    process.stopBroker();
    process.stop();
  }

  void restart(int id) {
    Member member = member(id);
    if (member.process.isAlive()) {
      throw new IllegalStateException("Node " + id + " of the broker runs already");
    }
    try {
      member.process = start(id, members.size(), member.ports);
      connect(List.of(member));
    } catch (IOException | RuntimeException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "Node " + id + " of the Kafka broker did not start again: " + EmbeddedBroker.reason(e),
          e);
    }
    await(
        "node " + id + " to be in sync",
        admin ->
            partitions(admin).stream()
                .noneMatch(
                    partition ->
                        isRunning(partition.leader())
                            && contains(partition.replicas(), id)
                            && !contains(partition.isr(), id)));
  }

  int leader(String topic, int partition) {
    int[] leader = new int[1];
    await(
        "a leader of partition " + partition + " of topic '" + topic + "'",
        admin -> {
          for (TopicPartitionInfo info : describe(admin, Set.of(topic))) {
            if (info.partition() == partition && isRunning(info.leader())) {
              leader[0] = info.leader().id();
            }
          }
          return leader[0] != 0;
        });
    return leader[0];
  }

  private boolean isRunning(@Nullable Node node) {
    return node != null && member(node.id()).process.isAlive();
  }

  private static boolean contains(List<Node> nodes, int id) {
    return nodes.stream().anyMatch(node -> node.id() == id);
  }

  private static List<TopicPartitionInfo> partitions(Admin admin) {
    return describe(
        admin, get(admin.listTopics(new ListTopicsOptions().listInternal(true)).names()));
  }

  private static List<TopicPartitionInfo> describe(Admin admin, Set<String> topics) {
    return get(admin.describeTopics(topics).allTopicNames()).values().stream()
        .flatMap(topic -> topic.partitions().stream())
        .toList();
  }

  private void await(String what, Predicate<Admin> condition) {
    String servers =
        members.stream()
            .filter(member -> member.process.isAlive())
            .map(member -> EmbeddedBroker.HOST + ":" + member.ports.inner())
            .collect(Collectors.joining(","));
    try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, servers))) {
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (!holds(condition, admin)) {
        if (System.nanoTime() > end) {
          throw new CallstreamException(
              ErrorCode.ENVIRONMENT,
              "The Kafka broker waited 60 s for " + what + ". Check that most of its nodes run.");
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static boolean holds(Predicate<Admin> condition, Admin admin) {
    try {
      return condition.test(admin);
    } catch (RetriableException e) {
      return false; // A node does not know the change yet.
    }
  }

  private static <T> T get(KafkaFuture<T> future) {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException known ? known : new KafkaException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptException(e);
    }
  }

  /** Kills the nodes. */
  void killAll() {
    members.forEach(member -> member.process.kill());
  }

  @Override
  public void stop() {
    // A broker that stops needs a majority of the controllers.
    List<NodeProcess> running =
        members.stream().map(member -> member.process).filter(NodeProcess::isAlive).toList();
    if (2 * running.size() > members.size()) {
      running.parallelStream().forEach(NodeProcess::stopBroker);
      running.parallelStream().forEach(NodeProcess::stop);
    }
    killAll();
  }
}
