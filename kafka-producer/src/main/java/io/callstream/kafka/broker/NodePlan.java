package io.callstream.kafka.broker;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.network.ListenerName;

/**
 * What a node needs to start.
 *
 * @param id from 1 on
 * @param clusterId the id of a new cluster; a directory that a node has used keeps its id
 * @param settings Kafka's settings
 * @param scramArguments the users of a new cluster
 */
record NodePlan(
    int id,
    Path data,
    String clusterId,
    Map<String, String> settings,
    List<String> scramArguments) {
  static final String BROKER_LISTENER = "BROKER";
  static final String CONTROLLER_LISTENER = "CONTROLLER";

  /** The listener on which brokers communicate with each other. It never requires security. */
  static final String INNER_LISTENER = "INNER";

  /** The number of replicas of internal topics, and of topics that do not specify it. */
  private static final int REPLICAS = 3;

  NodePlan {
    settings = Map.copyOf(settings);
    scramArguments = List.copyOf(scramArguments);
  }

  /**
   * The ports of a node.
   *
   * @param broker 0 for any free port, as for the other ports
   */
  record Ports(int broker, int controller, int inner) {}

  /**
   * Plans a node.
   *
   * @param nodes the number of nodes in the cluster
   */
  static NodePlan of(
      int id, int nodes, Ports ports, Path data, String clusterId, BrokerSecurity security) {
    Map<String, String> settings = new HashMap<>();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", String.valueOf(id));
    settings.put(
        "listeners",
        String.format(
            "%1$s://%2$s:%3$d,%4$s://%2$s:%5$d,%6$s://%2$s:%7$d",
            BROKER_LISTENER,
            EmbeddedBroker.HOST,
            ports.broker(),
            CONTROLLER_LISTENER,
            ports.controller(),
            INNER_LISTENER,
            ports.inner()));
    settings.put(
        "listener.security.protocol.map",
        String.format(
            "%s:%s,%s:PLAINTEXT,%s:PLAINTEXT",
            BROKER_LISTENER, security.protocol(), CONTROLLER_LISTENER, INNER_LISTENER));
    settings.put("inter.broker.listener.name", INNER_LISTENER);
    settings.put("controller.listener.names", CONTROLLER_LISTENER);
    // The real ports are set when they are known.
    settings.put(
        "controller.quorum.voters",
        IntStream.rangeClosed(1, nodes)
            .mapToObj(node -> node + "@" + EmbeddedBroker.HOST + ":0")
            .collect(Collectors.joining(",")));
    settings.put("log.dirs", data.toString());
    settings.put("auto.create.topics.enable", "false");
    settings.put("message.max.bytes", String.valueOf(10 << 20));
    settings.put("replica.fetch.max.bytes", String.valueOf(10 << 20));
    settings.put("log.retention.ms", "-1");
    String replicas = String.valueOf(Math.min(REPLICAS, nodes));
    String inSync = String.valueOf(minInSync(nodes));
    settings.put("default.replication.factor", replicas);
    settings.put("min.insync.replicas", inSync);
    settings.put("offsets.topic.replication.factor", replicas);
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("transaction.state.log.replication.factor", replicas);
    settings.put("transaction.state.log.min.isr", inSync);
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("group.initial.rebalance.delay.ms", "0");
    // Small enough for a broker that shares the heap of another application.
    settings.put("log.cleaner.dedupe.buffer.size", String.valueOf(2 << 20));
    settings.put("num.network.threads", "2");
    settings.put("num.io.threads", "4");
    settings.put("background.threads", "2");
    // A single node does not need to wait for others, and tests do not wait long for a killed one.
    settings.put("broker.heartbeat.interval.ms", "200");
    if (nodes > 1) {
      settings.put("broker.session.timeout.ms", "3000");
    }
    settings.putAll(security.settings(ListenerName.normalised(BROKER_LISTENER).configPrefix()));
    return new NodePlan(id, data, clusterId, settings, security.scramArguments());
  }

  /** Returns how many replicas must have a record before the broker confirms it. */
  static int minInSync(int nodes) {
    return nodes < REPLICAS ? 1 : REPLICAS - 1;
  }

  void writeTo(DataOutputStream out) throws IOException {
    out.writeInt(id);
    out.writeUTF(data.toString());
    out.writeUTF(clusterId);
    out.writeInt(settings.size());
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      out.writeUTF(setting.getKey());
      out.writeUTF(setting.getValue());
    }
    out.writeInt(scramArguments.size());
    for (String argument : scramArguments) {
      out.writeUTF(argument);
    }
  }

  static NodePlan read(DataInputStream in) throws IOException {
    int id = in.readInt();
    Path data = Path.of(in.readUTF());
    String clusterId = in.readUTF();
    Map<String, String> settings = new HashMap<>();
    for (int left = in.readInt(); left > 0; left--) {
      settings.put(in.readUTF(), in.readUTF());
    }
    List<String> scramArguments = new ArrayList<>();
    for (int left = in.readInt(); left > 0; left--) {
      scramArguments.add(in.readUTF());
    }
    return new NodePlan(id, data, clusterId, settings, scramArguments);
  }

  /** Hides passwords. */
  @Override
  public String toString() {
    return "node " + id + " in " + data;
  }
}
