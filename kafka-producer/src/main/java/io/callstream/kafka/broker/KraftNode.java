package io.callstream.kafka.broker;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.apache.kafka.common.Uuid;
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
final class KraftNode {
  private static final Logger LOG = LoggerFactory.getLogger(KraftNode.class);
  private static final int ID = 1;
  private static final String BROKER_LISTENER = "BROKER";
  private static final String CONTROLLER_LISTENER = "CONTROLLER";

  /** The listener on which the broker communicates with itself. It never requires security. */
  private static final String INNER_LISTENER = "INNER";

  private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(10);

  private final SharedServer shared;
  private final ControllerServer controller;
  private final BrokerServer broker;
  private final Metrics metrics;

  private KraftNode(KafkaConfig config) {
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
                  if (failure == null) {
                    voters.complete(Map.of(ID, EmbeddedBroker.address(port)));
                  } else {
                    voters.completeExceptionally(failure);
                  }
                });
  }

  static KraftNode start(int port, Path data, BrokerSecurity security) throws IOException {
    format(data, security);
    Map<String, String> settings = settings(port, data, security.protocol());
    settings.putAll(security.settings(ListenerName.normalised(BROKER_LISTENER).configPrefix()));
    KraftNode node = new KraftNode(new KafkaConfig(settings, false));
    try {
      node.controller.startup();
      node.broker.startup();
    } catch (RuntimeException e) {
      node.stop();
      throw e;
    }
    return node;
  }

  private static void format(Path data, BrokerSecurity security) throws IOException {
    if (Files.exists(data.resolve("meta.properties"))) {
      return;
    }
    ByteArrayOutputStream messages = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(messages, true, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(out)
          .setSupportedFeatures(Features.PRODUCTION_FEATURES)
          .setNodeId(ID)
          .setClusterId(Uuid.randomUuid().toString())
          .setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
          .setControllerListenerName(CONTROLLER_LISTENER)
          .setMetadataLogDirectory(data.toString())
          .addDirectory(data.toString())
          .setScramArguments(security.scramArguments())
          .run();
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
    LOG.debug("{}", messages.toString(StandardCharsets.UTF_8));
  }

  private static Map<String, String> settings(int port, Path data, String protocol) {
    Map<String, String> settings = new HashMap<>();
    settings.put("process.roles", "broker,controller");
    settings.put("node.id", String.valueOf(ID));
    settings.put(
        "listeners",
        String.format(
            "%1$s://%2$s:%3$d,%4$s://%2$s:0,%5$s://%2$s:0",
            BROKER_LISTENER, EmbeddedBroker.HOST, port, CONTROLLER_LISTENER, INNER_LISTENER));
    settings.put(
        "listener.security.protocol.map",
        String.format(
            "%s:%s,%s:PLAINTEXT,%s:PLAINTEXT",
            BROKER_LISTENER, protocol, CONTROLLER_LISTENER, INNER_LISTENER));
    settings.put("inter.broker.listener.name", INNER_LISTENER);
    settings.put("controller.listener.names", CONTROLLER_LISTENER);
    // The real port is set when it is known.
    settings.put("controller.quorum.voters", ID + "@" + EmbeddedBroker.HOST + ":0");
    settings.put("log.dirs", data.toString());
    settings.put("auto.create.topics.enable", "false");
    settings.put("message.max.bytes", String.valueOf(10 << 20));
    settings.put("replica.fetch.max.bytes", String.valueOf(10 << 20));
    settings.put("log.retention.ms", "-1");
    settings.put("offsets.topic.replication.factor", "1");
    settings.put("offsets.topic.num.partitions", "1");
    settings.put("transaction.state.log.replication.factor", "1");
    settings.put("transaction.state.log.min.isr", "1");
    settings.put("transaction.state.log.num.partitions", "1");
    settings.put("group.initial.rebalance.delay.ms", "0");
    // Small enough for a broker that shares the heap of another application.
    settings.put("log.cleaner.dedupe.buffer.size", String.valueOf(2 << 20));
    settings.put("num.network.threads", "2");
    settings.put("num.io.threads", "4");
    settings.put("background.threads", "2");
    // A single node does not need to wait for others.
    settings.put("broker.heartbeat.interval.ms", "200");
    return settings;
  }

  int port() {
    return broker.boundPort(ListenerName.normalised(BROKER_LISTENER));
  }

  void stop() {
    try {
      broker.shutdown(SHUTDOWN_TIMEOUT);
    } finally {
      try {
        controller.shutdown();
      } finally {
        metrics.close();
      }
    }
  }
}
