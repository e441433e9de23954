package io.callstream.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.call.Call;
import io.callstream.call.CallParser;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.broker.EmbeddedBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Verifies the results of runs that add and remove statistics and are killed with SIGKILL. The
 * expected results are those of a plain count of the topic from the offsets that each statistic
 * reports. {@code -Dcallstream.kill.rounds=100} kills a hundred times in the long rounds.
 */
class EvolutionKillTest {
  private static final int LONG = Integer.getInteger("callstream.kill.rounds", 12);
  private static final Duration SKEW = Duration.ofDays(1); // Later times are rejected.
  private static final Duration WATCH = Duration.ofMinutes(2);
  private static final String FINGERPRINT = "state/callstream/pipeline.txt";
  private static final Pattern REMOVED = Pattern.compile(": s-(\\d+) from .*until batch");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ALLOWED = "3000d"; // No call is late.

  /** What a statistic counts: the groups of its calls, and the lines that describe it. */
  private enum Kind {
    TYPES("by = type", call -> call.text(Fields.TYPE)),
    HOURS("window = 1h", call -> call.time().truncatedTo(ChronoUnit.HOURS).toString()),
    ALL("measures = count", call -> "");

    private final String definition;
    private final Function<Call, String> group;

    Kind(String definition, Function<Call, String> group) {
      this.definition = definition;
      this.group = group;
    }

    /** Returns the group of a row of JSON. */
    String groupOf(JsonNode row) {
      return switch (this) {
        case TYPES -> row.get("type").asText();
        case HOURS -> OffsetDateTime.parse(row.get("window_start").asText()).toInstant().toString();
        case ALL -> "";
      };
    }
  }

  /** A statistic. Names are not used again. */
  private record Counted(int number, Kind kind) {
    String name() {
      return "s-" + number;
    }

    String line() {
      return "statistic." + name() + "." + kind.definition + "\n";
    }
  }

  @TempDir Path directory;

  private EmbeddedBroker broker;
  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);
  private final List<Counted> statistics = new ArrayList<>();
  private int made;
  private int sent;
  private int kills;
  private int killsOfChanges;
  private int removals;

  @BeforeEach
  void start() {
    broker = EmbeddedBroker.start();
    send(3_000);
    statistics.add(next());
    statistics.add(next());
  }

  @AfterEach
  void stop() {
    broker.close();
  }

  private Counted next() {
    return new Counted(made, Kind.values()[made++ % Kind.values().length]);
  }

  private void send(int calls) {
    sent++;
    CommandRun produced =
        CommandRun.of(
            "produce",
            "--synthetic",
            Integer.toString(calls),
            "--seed",
            Integer.toString(sent),
            "--disorder",
            "0.1",
            "--garbage",
            "0.03",
            "--bootstrap-servers",
            broker.bootstrapServers());
    assertThat(produced.status()).as(produced.err()).isZero();
  }

  @Test
  @Tag("thorough")
  void localRunsThatWereKilledCountFromTheOffsetsThatTheyReport() throws Exception {
    killAndCompare("local", 20, Duration.ofSeconds(3), 4);
  }

  @Tag("thorough")
  @Test
  void sparkRunsThatWereKilledCountFromTheOffsetsThatTheyReport() throws Exception {
    killAndCompare("spark", 400, Duration.ofSeconds(12), 2);
  }

  @Test
  @Tag("thorough")
  void localRunsThatWereKilledOftenCountFromTheOffsetsThatTheyReport() throws Exception {
    killAndCompare("local", 20, Duration.ofSeconds(3), LONG);
  }

  @Test
  @Tag("thorough")
  void sparkRunsThatWereKilledOftenCountFromTheOffsetsThatTheyReport() throws Exception {
    killAndCompare("spark", 400, Duration.ofSeconds(12), LONG);
  }

  private void killAndCompare(String engine, int batch, Duration longest, int rounds)
      throws Exception {
    System.out.println("EvolutionKillTest: " + engine + ", seed " + seed);
    for (int runs = 0; kills < rounds && runs < 3 * rounds; runs++) {
      boolean changed = change();
      try (CommandProcess run = statistics(engine, batch)) {
        if (!kill(run, changed && random.nextBoolean(), longest)) {
          assertThat(run.status()).as("%s, seed %d", run.err(), seed).isZero();
          send(1_000);
        }
      }
    }
    System.out.printf(
        "EvolutionKillTest: %d kills, of which %d soon after a change; %d statistics, %d removed%n",
        kills, killsOfChanges, made, removals);
    assertThat(kills).as("kills, seed %d", seed).isPositive();
    boolean ignored = change();
    try (CommandProcess run = statistics(engine, batch)) {
      assertThat(run.status()).as("%s, seed %d", run.err(), seed).isZero();
      run.assertLeftNothing();
      compare(JSON.readTree(run.out()));
    }
    requireRefusalOfRemoved(engine, batch);
  }

  /** Requires that a run cannot use the name of a statistic that the checkpoint had. */
  private void requireRefusalOfRemoved(String engine, int batch) throws Exception {
    Matcher removed = REMOVED.matcher(text(directory.resolve(FINGERPRINT)));
    if (removed.find()) {
      statistics.add(new Counted(Integer.parseInt(removed.group(1)), Kind.ALL));
      try (CommandProcess run = statistics(engine, batch)) {
        assertThat(run.status()).as("%s, seed %d", run.err(), seed).isEqualTo(1);
        assertThat(run.err()).contains("the checkpoint had", "s-" + removed.group(1));
      }
    }
  }

  /** Adds or removes statistics, or does nothing. The first one remains. */
  private boolean change() {
    List<Counted> before = List.copyOf(statistics);
    if (random.nextInt(3) > 0) {
      statistics.add(random.nextInt(statistics.size() + 1), next());
    }
    if (statistics.size() > 2 && random.nextBoolean()) {
      int index = random.nextInt(statistics.size());
      if (statistics.get(index).number() > 0) {
        statistics.remove(index);
        removals++;
      }
    }
    return !before.equals(statistics);
  }

  private CommandProcess statistics(String engine, int batch) throws IOException {
    StringBuilder text = new StringBuilder();
    statistics.forEach(statistic -> text.append(statistic.line()));
    Path file = Files.writeString(directory.resolve("statistics.properties"), text);
    return CommandProcess.start(
        directory,
        "statistics",
        "--once",
        "--json",
        "--quiet",
        "--evolve",
        "--engine",
        engine,
        "--allowed-lateness",
        ALLOWED,
        "--max-offsets-per-trigger",
        Integer.toString(batch),
        "--statistics-file",
        file.toString(),
        "--checkpoint",
        directory.resolve("state").toString(),
        "--output",
        directory.resolve("out").toString(),
        "--bootstrap-servers",
        broker.bootstrapServers());
  }

  /**
   * Kills a run, either soon after it has recorded a change of the statistics, or at a random time.
   * Returns false if it ended before.
   */
  private boolean kill(CommandProcess run, boolean afterChange, Duration longest) throws Exception {
    if (afterChange) {
      Path fingerprint = directory.resolve(FINGERPRINT);
      String before = text(fingerprint);
      long end = System.nanoTime() + WATCH.toNanos();
      while (text(fingerprint).equals(before)) {
        if (run.endsWithin(Duration.ofMillis(1))) {
          return false;
        }
        assertThat(System.nanoTime()).as("a change; it said: %s", run.err()).isLessThan(end);
      }
      longest = Duration.ofMillis(random.nextInt(3) * 400L + 1);
    }
    if (run.endsWithin(longest.multipliedBy(random.nextInt(1_000)).dividedBy(1_000))) {
      return false;
    }
    if (!run.killIfAlive()) {
      return false;
    }
    kills++;
    killsOfChanges += afterChange ? 1 : 0;
    return true;
  }

  private static String text(Path file) throws IOException {
    // The end of the file is a checksum, which is not text.
    return Files.exists(file) ? new String(Files.readAllBytes(file), "ISO-8859-1") : "";
  }

  // ---- the expected results

  private void compare(JsonNode results) {
    List<ConsumerRecord<byte[], byte[]>> records = records();
    CallParser parser = SanFranciscoCalls.json().parser(Fields.ALL);
    JsonNode accounting = results.get("accounting");
    assertThat(accounting.get("received").asInt()).as("seed %d", seed).isEqualTo(records.size());
    for (Counted statistic : statistics) {
      JsonNode since = results.path("countedSince").path(statistic.name());
      Map<String, Long> expected = new TreeMap<>();
      long counted = 0;
      long earlier = 0;
      for (ConsumerRecord<byte[], byte[]> record : records) {
        if (parser.parse(record.value()) instanceof Parsed parsed
            && parsed.call().epochMillis() <= record.timestamp() + SKEW.toMillis()) {
          String partition = Integer.toString(record.partition());
          if (record.offset() >= since.path("offsets").path(partition).asLong()) {
            counted++;
            expected.merge(statistic.kind().group.apply(parsed.call()), 1L, Long::sum);
          } else {
            earlier++;
          }
        }
      }
      String what = "%s since %s, seed %d".formatted(statistic, since, seed);
      JsonNode numbers = accounting.get("statistics").get(statistic.name());
      assertThat(numbers.get("counted").asLong()).as(what).isEqualTo(counted);
      assertThat(numbers.get("late").asLong()).as(what).isZero();
      assertThat(numbers.path("earlier").asLong()).as(what).isEqualTo(earlier);
      assertThat(statistic.number() > 1 || earlier == 0).as(what).isTrue();
      Map<String, Long> actual = new TreeMap<>();
      for (JsonNode row : results.get("statistics").get(statistic.name())) {
        actual.put(statistic.kind().groupOf(row), row.get("count").asLong());
      }
      assertThat(actual).as(what).isEqualTo(expected);
    }
  }

  private List<ConsumerRecord<byte[], byte[]>> records() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", broker.bootstrapServers());
    List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor("police.service.calls").stream()
              .map(p -> new TopicPartition(p.topic(), p.partition()))
              .toList();
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(100)).forEach(all::add);
      }
    }
    return all;
  }
}
