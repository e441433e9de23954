package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.KafkaTopic;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Drivers and executors in processes of their own. */
class ClusterTest {
  @TempDir Path directory;
  private Processes processes;

  @BeforeEach
  void begin() {
    processes = new Processes(directory);
  }

  @AfterEach
  void end() {
    processes.close();
  }

  private static void sendLetters(KafkaTopic topic, int count) {
    String lines = ("no call " + "x".repeat(300_000) + "\n").repeat(count);
    TestTopics.send(
        topic, CallSource.stream("no calls", new ByteArrayInputStream(lines.getBytes(UTF_8))));
  }

  private static Map<String, String> hdfs(Map<String, String> settings) {
    Map<String, String> all = new LinkedHashMap<>(settings);
    HdfsCluster.settings().forEach((key, value) -> all.put("spark.hadoop." + key, value));
    // A file system that another task opened in the same process would help one that lacks these.
    all.put("spark.hadoop.fs.hdfs.impl.disable.cache", "true");
    return all;
  }

  private Processes.Running driver(
      String name, KafkaTopic topic, String checkpoint, String mode, Map<String, String> settings) {
    return processes.java(
        name,
        List.of(),
        Driver.class.getName(),
        Driver.arguments(topic, checkpoint, directory.resolve(name), mode, settings));
  }

  @Test
  void manyDeadLettersReachTheDriverThroughAFileSystemThatOnlyTheSessionKnows() throws Exception {
    KafkaTopic topic = TestTopics.create(1);
    TestTopics.send(topic, SyntheticCalls.of(100));
    sendLetters(topic, 40);
    String master = processes.master();
    processes.worker("worker", master, List.of());

    Processes.Running driver =
        driver(
            "driver",
            topic,
            HdfsCluster.URI + "/" + topic.name(),
            "bounded",
            hdfs(Driver.cluster(master)));

    assertThat(driver.awaitEnd()).as(driver.text()).isZero();
    assertThat(driver.text()).contains("received 140");
    assertThat(Files.readAllLines(directory.resolve("driver/rejected.ndjson"))).hasSize(40);
  }
}
