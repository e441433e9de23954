package io.callstream.benchmarks;

import io.callstream.call.CallFormat;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.SendReport;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.tools.ProducerPerformance;

/**
 * The passes of one contestant of {@link ProducerRate}, in a process of their own.
 *
 * <p>Arguments: bootstrap, contestant, file, records, passes, partitions, number of the repeat.
 */
public final class ProducerPasses {
  /** What sends. */
  public enum Contestant {
    /** A JSON array in the layout of the input. */
    JSON(".json"),
    /** The same, packed. */
    JSON_GZ(".json.gz"),
    /** The same, packed. */
    JSON_BZ2(".json.bz2"),
    /** The same, packed, sent in the order of event time. */
    JSON_GZ_SORTED(".json.gz"),
    /** One record a line. */
    NDJSON(".ndjson"),
    /** The same, packed. */
    NDJSON_GZ(".ndjson.gz"),
    /** Comma-separated values. */
    CSV(".csv"),
    /** The same, packed. */
    CSV_GZ(".csv.gz"),
    /** Calls that are made while they are sent. */
    SYNTHETIC(""),
    /** Kafka's ProducerPerformance, with the input's records as payload, picked at random. */
    PERFORMANCE(".payload");

    private final String ending;

    Contestant(String ending) {
      this.ending = ending;
    }

    /** Returns how the name of its file ends; empty if it needs none. */
    String ending() {
      return ending;
    }
  }

  private ProducerPasses() {}

  /** Returns how contestants are called. */
  static List<String> names() {
    return Arrays.stream(Contestant.values())
        .map(c -> c.name().toLowerCase(Locale.ROOT).replace('_', '.'))
        .toList();
  }

  /** Returns the contestant of this name. */
  static Contestant named(String name) {
    return Contestant.valueOf(name.toUpperCase(Locale.ROOT).replace('.', '_'));
  }

  /** Runs the passes. */
  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    Contestant contestant = named(args[1]);
    Path file = Path.of(args[2]);
    long records = Long.parseLong(args[3]);
    int passes = Integer.parseInt(args[4]);
    KafkaCluster cluster = KafkaCluster.at(bootstrap);
    for (int pass = 0; pass < passes; pass++) {
      String topic = "producer-rate-" + System.currentTimeMillis();
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.ensure(topic, Integer.parseInt(args[5]), 1);
      }
      System.gc();
      ProcessUsage before = ProcessUsage.now();
      double rate =
          contestant == Contestant.PERFORMANCE
              ? performance(bootstrap, topic, file, records)
              : send(cluster, topic, source(contestant, file, records), records);
      EndToEnd.JsonLine line = new EndToEnd.JsonLine();
      line.put("name", args[1]);
      line.put("repeat", Long.parseLong(args[6]));
      line.put("pass", pass);
      line.put("records", records);
      line.put("seconds", records / rate);
      line.put("rate", (long) rate);
      ProcessUsage.now().since(before).writeTo(line);
      System.out.println(line);
      System.out.flush();
      remove(bootstrap, topic);
    }
  }

  /** Returns where a contestant's records come from. */
  static CallSource source(Contestant contestant, Path file, long records) {
    return switch (contestant) {
      case SYNTHETIC -> SyntheticCalls.of(records);
      case JSON_GZ_SORTED -> CallSource.file(file).inEventTimeOrder(format());
      case JSON, JSON_GZ, JSON_BZ2, NDJSON, NDJSON_GZ, CSV, CSV_GZ -> CallSource.file(file);
      case PERFORMANCE -> throw new IllegalArgumentException("that has a source of its own");
    };
  }

  private static CallFormat format() {
    return SanFranciscoCalls.json();
  }

  private static double send(KafkaCluster cluster, String topic, CallSource source, long records) {
    try (CallProducer producer = CallProducer.to(cluster, topic, format()).connect()) {
      SendReport report = producer.send(source);
      if (report.sent() != records) {
        throw new IllegalStateException(report.sent() + " records were sent, not " + records);
      }
      return report.rate();
    }
  }

  /** Runs Kafka's own, and returns the rate that its last line of output tells. */
  private static double performance(String bootstrap, String topic, Path payload, long records)
      throws Exception {
    PrintStream out = System.out;
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    System.setOut(new PrintStream(told, true, StandardCharsets.UTF_8));
    try {
      ProducerPerformance.main(
          new String[] {
            "--topic",
            topic,
            "--num-records",
            Long.toString(records),
            "--throughput",
            "-1",
            "--payload-file",
            payload.toString(),
            "--producer-props",
            "bootstrap.servers=" + bootstrap,
            "acks=all",
            "enable.idempotence=true",
            "compression.type=lz4",
            "batch.size=262144",
            "linger.ms=20",
            "buffer.memory=67108864"
          });
    } finally {
      System.setOut(out);
    }
    String all = told.toString(StandardCharsets.UTF_8).strip();
    String last = all.substring(all.lastIndexOf('\n') + 1);
    return Double.parseDouble(last.replaceAll(".* sent, ([0-9.]+) records/sec.*", "$1"));
  }

  private static void remove(String bootstrap, String topic)
      throws ExecutionException, InterruptedException {
    Map<String, Object> settings = Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    try (Admin admin = Admin.create(settings)) {
      admin.deleteTopics(List.of(topic)).all().get();
    }
  }
}
