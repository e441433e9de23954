package io.callstream.pipeline;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A topic of a Kafka cluster. Its texts do not show secrets. Start with {@link #of}.
 *
 * @param name the name of the topic
 * @param bootstrapServers the addresses of brokers: {@code host:port}, with commas between several
 * @param startingOffsets where a pipeline without a checkpoint starts reading
 * @param properties the settings of the Kafka client, which always include the isolation level; may
 *     contain secrets
 * @param part the partitions to read; empty for all of them
 */
public record KafkaTopic(
    String name,
    String bootstrapServers,
    StartingOffsets startingOffsets,
    Map<String, String> properties,
    Optional<Part> part)
    implements Source {
  /** The default name of the topic with calls. */
  public static final String DEFAULT_NAME = "police.service.calls";

  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9._-]{1,249}");
  private static final Pattern BROKER =
      Pattern.compile("(?:[\\w.-]+://)?(?:[\\w.%-]+|\\[[\\w:.%]+]):(?<port>\\d{1,5})");

  private static final String HOW_TO_WRITE =
      "write host:port, such as localhost:9092 or [::1]:9092, with commas between several";
  private static final Set<String> OURS =
      Set.of(
          "bootstrap.servers",
          "key.deserializer",
          "value.deserializer",
          "enable.auto.commit",
          "auto.offset.reset",
          "group.id");

  /** Where a pipeline without a checkpoint, or with a new one, starts reading. */
  public enum StartingOffsets {
    /** At the earliest available record. */
    EARLIEST,
    /** After the last record. */
    LATEST
  }

  /**
   * Which records of transactions are read. Records that were sent without a transaction are always
   * read.
   */
  public enum Isolation {
    /**
     * Only the records of committed transactions. Reading ends at the last stable offset, which is
     * the first record of the oldest open transaction. This is the default.
     */
    READ_COMMITTED,
    /** The records of all transactions, including open and aborted ones. */
    READ_UNCOMMITTED;

    /** The name of the Kafka consumer property that sets the isolation level. */
    public static final String PROPERTY = "isolation.level";

    /** Returns the value of {@link #PROPERTY} for this isolation. */
    public String value() {
      return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the isolation level in properties of Kafka's clients, or {@link #READ_COMMITTED} if
     * they do not set it.
     *
     * @throws IllegalArgumentException if the value is neither {@code read_committed} nor {@code
     *     read_uncommitted}
     */
    public static Isolation in(Map<String, String> properties) {
      String value = properties.getOrDefault(PROPERTY, READ_COMMITTED.value());
      for (Isolation isolation : values()) {
        if (isolation.value().equals(value)) {
          return isolation;
        }
      }
      throw new IllegalArgumentException(
          ("The Kafka property '%s' is '%s'; it must be read_committed or read_uncommitted. Correct"
                  + " it, or remove it to read committed records.")
              .formatted(PROPERTY, value));
    }
  }

  /**
   * One of several parts of a topic, each of which another process reads: the partitions whose
   * number, divided by the number of parts, leaves the remainder {@code number - 1}. This also
   * applies to partitions that are added later.
   *
   * @param number the number of the part, from 1 to {@code of}
   * @param of the number of parts, from 1 to {@value #MOST}
   */
  public record Part(int number, int of) {
    /** The maximum number of parts. */
    public static final int MOST = 1_000;

    /**
     * Checks the bounds.
     *
     * @throws IllegalArgumentException if a number is out of bounds
     */
    public Part {
      if (of < 1 || of > MOST || number < 1 || number > of) {
        throw new IllegalArgumentException(
            "The part of the topic is %s/%s; the first number must be from 1 to the second, which is at most %s"
                .formatted(number, of, MOST));
      }
    }

    /** Returns whether this part has a partition. */
    public boolean has(int partition) {
      return partition % of == number - 1;
    }

    /** Returns the part as on the command line, such as {@code 1/4}. */
    @Override
    public String toString() {
      return number + "/" + of;
    }
  }

  /**
   * Checks the name, the brokers and the properties, which it copies.
   *
   * @throws IllegalArgumentException if Kafka does not allow one of them, or if callstream sets one
   *     of the properties itself
   */
  public KafkaTopic {
    requireName(name);
    requireBrokers(bootstrapServers);
    Map<String, String> all = new HashMap<>(properties);
    for (String key : all.keySet()) {
      if (OURS.contains(key)) {
        throw new IllegalArgumentException(
            ("The Kafka property '%s' is set by callstream; remove it, and use at(...) and"
                    + " startingAt(...) for brokers and offsets")
                .formatted(key));
      }
    }
    all.put(Isolation.PROPERTY, Isolation.in(all).value());
    properties = Map.copyOf(all);
  }

  /**
   * Returns a topic without brokers. Set the brokers with {@link Named#at}.
   *
   * @throws IllegalArgumentException if Kafka does not allow this name
   */
  public static Named of(String name) {
    requireName(name);
    return new Named(name);
  }

  private static void requireName(String name) {
    if (!NAME.matcher(name).matches() || name.equals(".") || name.equals("..")) {
      throw new IllegalArgumentException(
          ("'%s' is not a valid topic name; use letters, digits, '.', '_' and '-', at most 249"
                  + " characters")
              .formatted(name));
    }
  }

  /**
   * A topic without brokers.
   *
   * @param name the name of the topic
   */
  public record Named(String name) {
    /**
     * Returns the topic at these brokers.
     *
     * @param bootstrapServers {@code host:port}, or several addresses separated by commas
     * @throws IllegalArgumentException if an address does not have this form
     */
    public KafkaTopic at(String bootstrapServers) {
      return new KafkaTopic(
          name, bootstrapServers, StartingOffsets.EARLIEST, Map.of(), Optional.empty());
    }
  }

  /**
   * Checks addresses of brokers, {@code host:port[,host:port...]}, and returns them unchanged.
   *
   * @throws IllegalArgumentException if an address does not have this form
   */
  public static String requireBrokers(String bootstrapServers) {
    if (bootstrapServers.isBlank()) {
      throw new IllegalArgumentException("No Kafka broker is given; " + HOW_TO_WRITE);
    }
    List<String> servers = Stream.of(bootstrapServers.split(",", -1)).map(String::strip).toList();
    int empty = servers.indexOf("");
    if (empty >= 0) {
      throw new IllegalArgumentException(
          "The brokers '%s' have %s. Remove the comma, or add the missing address; %s"
              .formatted(
                  bootstrapServers,
                  empty == 0
                      ? "a comma at the start"
                      : empty == servers.size() - 1
                          ? "a comma at the end"
                          : "two commas in sequence",
                  HOW_TO_WRITE));
    }
    servers.forEach(KafkaTopic::requireBroker);
    return bootstrapServers;
  }

  private static void requireBroker(String server) {
    Matcher broker = BROKER.matcher(server);
    if (!broker.matches()) {
      throw new IllegalArgumentException(
          "'%s' is not the address of a Kafka broker%s; %s"
              .formatted(server, server.indexOf(':') < 0 ? ": it has no port" : "", HOW_TO_WRITE));
    }
    int port = Integer.parseInt(broker.group("port"));
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException(
          "'" + server + "' has the port " + port + "; it must be from 1 to 65535");
    }
  }

  /**
   * Returns this topic with other starting offsets. Defaults to {@link StartingOffsets#EARLIEST}.
   */
  public KafkaTopic startingAt(StartingOffsets offsets) {
    return new KafkaTopic(name, bootstrapServers, offsets, properties, part);
  }

  /**
   * Returns this topic with additional settings of the Kafka client, such as those of TLS and SASL.
   * With {@code isolation.level=read_uncommitted}, a pipeline also counts the records of open and
   * aborted transactions; see {@link Isolation}.
   *
   * @throws IllegalArgumentException if callstream sets one of the properties itself, or if Kafka
   *     does not support the value of the isolation level
   */
  public KafkaTopic with(Map<String, String> clientProperties) {
    Map<String, String> all = new HashMap<>(properties);
    all.putAll(clientProperties);
    return new KafkaTopic(name, bootstrapServers, startingOffsets, all, part);
  }

  /**
   * Returns one part of this topic, to share the topic among several processes with the engine
   * {@code local}. Each process needs a separate checkpoint, and {@link
   * io.callstream.engine.local.MergedResults} reads the results of all parts.
   *
   * @param number the number of the part, from 1 to {@code of}
   * @param of the number of parts, from 1 to {@value Part#MOST}; at most the number of partitions
   * @throws IllegalArgumentException if a number is out of bounds
   */
  public KafkaTopic part(int number, int of) {
    return new KafkaTopic(
        name, bootstrapServers, startingOffsets, properties, Optional.of(new Part(number, of)));
  }

  /** Returns which records of transactions are read. */
  public Isolation isolation() {
    return Isolation.in(properties);
  }

  @Override
  public String description() {
    return part.map(some -> "part " + some + " of ").orElse("")
        + "Kafka topic "
        + name
        + " at "
        + bootstrapServers;
  }

  /**
   * Returns the description and the names of the settings, without their values. The isolation
   * level appears only if it is not the default.
   */
  @Override
  public String toString() {
    Set<String> names = new TreeSet<>(properties.keySet());
    if (isolation() == Isolation.READ_COMMITTED) {
      names.remove(Isolation.PROPERTY);
    }
    return description() + (names.isEmpty() ? "" : " with " + names);
  }
}
