package io.callstream.kafka.broker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import kafka.server.BrokerServer;
import kafka.server.ControllerServer;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.server.Server;
import kafka.server.SharedServer;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.bootstrap.BootstrapMetadata;
import org.apache.kafka.metadata.properties.MetaPropertiesEnsemble;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Features;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.server.fault.LoggingFaultHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Tuple2;

/*
 * A controller and a broker in one. This class starts them instead of KafkaRaftServer, for two
 * reasons. First, both can use any free port, because the quorum's address is set after the
 * controller's port is bound. Second, a fault is only logged, while KafkaRaftServer would end the
 * whole JVM.
 */
final class KraftNode implements EmbeddedBroker.Nodes {
  private static final Logger LOG = LoggerFactory.getLogger(KraftNode.class);

  /** The file that shows that a node has used a directory. */
  static final String META_PROPERTIES = "meta.properties";

  private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(10);

  private final SharedServer shared;
  private final ControllerServer controller;
  private final BrokerServer broker;
  private final Metrics metrics;

  private KraftNode(KafkaConfig config, Voters known) {
    Tuple2<MetaPropertiesEnsemble, BootstrapMetadata> stored =
        KafkaRaftServer.initializeLogDirs(config, LOG, "");
    metrics = Server.initializeMetrics(config, Time.SYSTEM, stored._1().clusterId().orElse(""));
    CompletableFuture<Map<Integer, InetSocketAddress>> voters = new CompletableFuture<>();
    shared =
        new SharedServer(
            config,
            stored._1(),
            Time.SYSTEM,
            metrics,
            voters,
            List.of(),
            (name, fatal, action) -> new LoggingFaultHandler(name, action));
    controller = new ControllerServer(shared, KafkaRaftServer.configSchema(), stored._2());
    broker = new BrokerServer(shared);
    var unused =
        controller
            .socketServerFirstBoundPortFuture()
            .whenComplete(
                (port, failure) -> {
                  try {
                    if (failure != null) {
                      throw new IllegalStateException(failure);
                    }
                    Map<Integer, InetSocketAddress> addresses = new HashMap<>();
                    known
                        .whenBoundTo(port)
                        .forEach((id, at) -> addresses.put(id, EmbeddedBroker.address(at)));
                    voters.complete(addresses);
                  } catch (IOException | RuntimeException e) {
                    voters.completeExceptionally(e);
                  }
                });
  }

  /** Provides the ports of all controllers. */
  @FunctionalInterface
  interface Voters {
    /**
     * Returns the ports of the controllers by the ids of their nodes.
     *
     * @param port the port of this node's controller
     */
    Map<Integer, Integer> whenBoundTo(int port) throws IOException;
  }

  /** Creates a node. If it does not start, stop it. */
  static KraftNode of(NodePlan plan, Voters voters) throws IOException {
    format(plan);
    return new KraftNode(new KafkaConfig(plan.settings(), false), voters);
  }

  /** Starts the node, and returns when it accepts requests. */
  void start() {
    controller.startup();
    broker.startup();
  }

  private static void format(NodePlan plan) throws IOException {
    String directory = plan.data().toString();
    if (Files.exists(plan.data().resolve(META_PROPERTIES))) {
      return;
    }
    ByteArrayOutputStream messages = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(messages, true, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(out)
          .setSupportedFeatures(Features.PRODUCTION_FEATURES)
          .setNodeId(plan.id())
          .setClusterId(plan.clusterId())
          .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
          .setControllerListenerName(NodePlan.CONTROLLER_LISTENER)
          .setMetadataLogDirectory(directory)
          .addDirectory(directory)
          .setScramArguments(plan.scramArguments())
          .run();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
    LOG.debug("{}", messages.toString(StandardCharsets.UTF_8));
  }

  int port() {
    return broker.boundPort(ListenerName.normalised(NodePlan.BROKER_LISTENER));
  }

  int innerPort() {
    return broker.boundPort(ListenerName.normalised(NodePlan.INNER_LISTENER));
  }

  /** Stops the broker, while the controller continues. */
  void stopBroker() {
    broker.shutdown(SHUTDOWN_TIMEOUT);
  }

  @Override
  public List<Integer> ports() {
    return List.of(port());
  }

  @Override
  public void stop() {
    try {
      stopBroker();
    } finally {
      try {
        controller.shutdown();
      } finally {
        metrics.close();
      }
    }
  }
}
