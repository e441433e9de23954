package io.callstream.kafka;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.kafka.ClientSettings;
import io.callstream.internal.kafka.KafkaErrors;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Creates the settings of the producer. Settings that its guarantees depend on are fixed; the
 * others can be overridden.
 */
final class ProducerSettings {
  /** The accepted values, in lower case. Any other value would break a guarantee. */
  private static final Map<String, Set<String>> PROMISES =
      Map.of(
          ProducerConfig.ACKS_CONFIG, Set.of("all", "-1"),
          ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, Set.of("true"),
          ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, Set.of("1", "2", "3", "4", "5"),
          ProducerConfig.PARTITIONER_IGNORE_KEYS_CONFIG, Set.of("false"),
          ProducerConfig.PARTITIONER_CLASS_CONFIG, Set.of(),
          ProducerConfig.TRANSACTIONAL_ID_CONFIG, Set.of(),
          ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, Set.of(),
          ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, Set.of());

  private static final String RETRIES = ProducerConfig.RETRIES_CONFIG;

  private ProducerSettings() {}

  /**
   * Returns the settings of a producer.
   *
   * @throws IllegalArgumentException if a setting of the cluster would break a guarantee, or if
   *     Kafka does not accept its value
   */
  static Map<String, Object> of(KafkaCluster cluster) {
    cluster.settings().forEach(ProducerSettings::requirePromises);
    Map<String, Object> settings = ClientSettings.of(cluster, ProducerConfig.configNames());
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.putIfAbsent(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    settings.putIfAbsent(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    settings.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 20);
    settings.putIfAbsent(ProducerConfig.BUFFER_MEMORY_CONFIG, 64L << 20);
    settings.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 4 << 20);
    // Within half a minute an unavailable broker has returned, or every record has its outcome.
    settings.putIfAbsent(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 30_000);
    settings.putIfAbsent(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
    settings.putIfAbsent(
        ProducerConfig.MAX_BLOCK_MS_CONFIG,
        String.valueOf(settings.get(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG)));
    var ignored = parsed(settings);
    return settings;
  }

  /** Parses settings. The constructor of {@code ProducerConfig} would log all of them. */
  private static AbstractConfig parsed(Map<String, Object> settings) {
    try {
      return new AbstractConfig(ProducerConfig.configDef(), settings, false);
    } catch (ConfigException e) {
      throw rejected(KafkaErrors.reason(e) + ". Correct the setting", e);
    }
  }

  /**
   * Checks that the timeouts fit together, as the constructor of Kafka's producer does.
   *
   * @param fix the last sentence of the message, without the period
   */
  static void requireTimeouts(Map<String, Object> settings, String fix) {
    AbstractConfig values = parsed(settings);
    int delivery = values.getInt(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG);
    int request = values.getInt(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG);
    long linger = values.getLong(ProducerConfig.LINGER_MS_CONFIG);
    // Kafka does the same with a sum that exceeds an int.
    if (delivery < Math.min(linger + request, Integer.MAX_VALUE)) {
      throw rejected(
          String.format(
              "delivery.timeout.ms is %d, less than linger.ms=%d plus request.timeout.ms=%d. %s",
              delivery, linger, request, fix),
          null);
    }
  }

  /**
   * Creates a producer.
   *
   * @throws IllegalArgumentException if Kafka does not accept the settings
   * @throws CallstreamException with {@link ErrorCode#BROKER_UNAVAILABLE} if the environment does
   *     not let the producer start
   */
  static KafkaProducer<byte[], byte[]> producer(
      KafkaCluster cluster, Map<String, Object> settings) {
    try {
      return new KafkaProducer<>(settings);
    } catch (KafkaException e) {
      for (@Nullable Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof ConfigException && !KafkaErrors.isUnknownHost(cause)) {
          throw rejected(KafkaErrors.reason(cause) + ". Correct the setting", e);
        }
      }
      throw KafkaErrors.refused(cluster, e);
    }
  }

  private static IllegalArgumentException rejected(String why, @Nullable Throwable cause) {
    return new IllegalArgumentException("The Kafka settings do not make a producer: " + why, cause);
  }

  private static void requirePromises(String name, String value) {
    Set<String> allowed = PROMISES.get(name);
    boolean broken =
        RETRIES.equals(name)
            ? value.trim().equals("0")
            : allowed != null && !allowed.contains(value.trim().toLowerCase(Locale.ROOT));
    if (broken) {
      throw new IllegalArgumentException(
          "The Kafka setting "
              + name
              + "="
              + value
              + " would break what the producer promises (every call acknowledged by all in-sync"
              + " replicas, once, and calls of one id in order); leave it out");
    }
  }
}
