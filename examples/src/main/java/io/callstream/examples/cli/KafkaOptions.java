package io.callstream.examples.cli;

import io.callstream.kafka.KafkaCluster;
import io.callstream.pipeline.KafkaTopic;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Options that specify the Kafka cluster and the topic. */
final class KafkaOptions {
  private static final int BYTE_ORDER_MARK = 0xfeff;
  private static final String DEFAULT_SERVERS = "localhost:9092";
  private static final String BOOTSTRAP = "bootstrap.servers";

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--bootstrap-servers",
      paramLabel = "HOST:PORT",
      description =
          "Brokers to ask first, several separated by commas. Default: what the file of"
              + " --kafka-config says, else "
              + DEFAULT_SERVERS
              + ".")
  private @Nullable String bootstrapServers;

  @Option(
      names = "--topic",
      paramLabel = "NAME",
      description = "The topic. Default: ${DEFAULT-VALUE}.")
  private String topic = KafkaTopic.DEFAULT_NAME;

  @Option(
      names = "--kafka-config",
      paramLabel = "FILE",
      description = "Properties of the Kafka clients, such as those of TLS and SASL.")
  private @Nullable Path file;

  private @Nullable KafkaCluster cluster;

  String topicName() {
    return Usage.of(command, () -> KafkaTopic.of(topic)).name();
  }

  KafkaCluster cluster() {
    if (cluster == null) {
      Map<String, String> settings = settings();
      String inFile = settings.remove(BOOTSTRAP);
      String servers =
          bootstrapServers != null ? bootstrapServers : inFile != null ? inFile : DEFAULT_SERVERS;
      cluster = Usage.of(command, () -> new KafkaCluster(servers, settings));
    }
    return cluster;
  }

  KafkaTopic source() {
    KafkaCluster of = cluster();
    Map<String, String> settings = new HashMap<>(of.settings());
    Set<String> known = ConsumerConfig.configNames();
    settings.keySet().retainAll(known);
    return Usage.of(command, () -> KafkaTopic.of(topic).at(of.bootstrapServers()).with(settings));
  }

  /** Otherwise it would become a part of the first name. */
  private static void skipByteOrderMark(BufferedReader reader) throws IOException {
    reader.mark(1);
    if (reader.read() != BYTE_ORDER_MARK) {
      reader.reset();
    }
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new HashMap<>();
    if (file != null) {
      Properties properties = new Properties();
      try (BufferedReader reader = Files.newBufferedReader(file)) {
        skipByteOrderMark(reader);
        properties.load(reader);
      } catch (IOException | IllegalArgumentException e) {
        throw new ParameterException(
            command.commandLine(),
            "--kafka-config "
                + file
                + " can't be read ("
                + DisplayText.reason(e)
                + "). Name a file of lines name=value, such as security.protocol=SSL.",
            e);
      }
      properties.stringPropertyNames().forEach(n -> settings.put(n, properties.getProperty(n)));
    }
    return settings;
  }
}
