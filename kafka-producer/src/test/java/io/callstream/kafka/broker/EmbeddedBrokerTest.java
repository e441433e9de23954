package io.callstream.kafka.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EmbeddedBrokerTest {
  @TempDir Path dir;

  private static Set<Thread> threads() {
    return Set.copyOf(Thread.getAllStackTraces().keySet());
  }

  private static int ensureAndCount(EmbeddedBroker broker) {
    try (TopicAdmin admin = TopicAdmin.connect(KafkaCluster.at(broker.bootstrapServers()))) {
      return (int) admin.ensure("calls", 2, 1).offsets();
    }
  }

  @Test
  void startsInSecondsAndLeavesNothingBehind() throws IOException {
    // The first broker loads Kafka's classes and starts the threads that all brokers of the JVM
    // share.
    EmbeddedBroker.start().close();
    Set<Thread> before = threads();

    long start = System.nanoTime();
    EmbeddedBroker broker = EmbeddedBroker.start();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
    assertThat(broker.bootstrapServers()).isEqualTo("127.0.0.1:" + broker.port());
    assertThat(broker.data()).isDirectory();
    assertThat(ensureAndCount(broker)).isZero();
    long stop = System.nanoTime();
    broker.close();
    broker.close();
    assertThat(Duration.ofNanos(System.nanoTime() - stop)).isLessThan(Duration.ofSeconds(15));

    assertThat(broker.data()).doesNotExist();
    try (ServerSocket socket =
        new ServerSocket(broker.port(), 1, InetAddress.getLoopbackAddress())) {
      assertThat(socket.isBound()).isTrue();
    }
    long patience = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    Set<String> left;
    do {
      Thread.onSpinWait();
      left =
          threads().stream()
              .filter(thread -> !before.contains(thread) && thread.isAlive())
              .map(Thread::getName)
              .collect(Collectors.toSet());
    } while (!left.isEmpty() && System.nanoTime() < patience);
    assertThat(left).isEmpty();
  }

  @Test
  void aDirectoryOfItsOwnKeepsTheRecordsForTheNextBroker() {
    Path data = dir.resolve("a/b");
    int port;
    try (EmbeddedBroker broker = EmbeddedBroker.builder().data(data).start()) {
      port = broker.port();
      assertThat(ensureAndCount(broker)).isZero();
      try (CallProducer producer =
          CallProducer.to(
                  KafkaCluster.at(broker.bootstrapServers()), "calls", SanFranciscoCalls.json())
              .connect()) {
        producer.send(SyntheticCalls.of(1_000));
      }
    }
    assertThat(data).isDirectory();
    try (EmbeddedBroker broker = EmbeddedBroker.builder().data(data).port(port).start()) {
      assertThat(broker.port()).isEqualTo(port);
      assertThat(ensureAndCount(broker)).isEqualTo(1_000);
      List<Long> offsets = new ArrayList<>();
      TopicReader.of(KafkaCluster.at(broker.bootstrapServers()), "calls")
          .fromBeginning()
          .read(row -> offsets.add(row.offset()));
      assertThat(offsets).hasSize(1_000);
    }
  }

  @Test
  void twoBrokersRunSideBySideButNotInOneDirectory() {
    try (EmbeddedBroker first = EmbeddedBroker.builder().data(dir).start();
        EmbeddedBroker second = EmbeddedBroker.start()) {
      assertThat(ensureAndCount(first)).isZero();
      assertThat(ensureAndCount(second)).isZero();
      assertThatThrownBy(() -> EmbeddedBroker.builder().data(dir).start())
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
          .hasMessageContaining(dir.toString());
      assertThat(ensureAndCount(first)).isZero();
    }
  }

  @Test
  void aPortThatIsTakenIsNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> EmbeddedBroker.builder().port(taken.getLocalPort()).start())
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
          .hasMessageContaining("can't listen on port " + taken.getLocalPort());
    }
    assertThatThrownBy(() -> EmbeddedBroker.builder().port(65_536)).hasMessageContaining("65536");
  }

  @Test
  void aDirectoryThatCannotBeIsNamed() throws IOException {
    Path file = Files.createFile(dir.resolve("file"));
    assertThatThrownBy(() -> EmbeddedBroker.builder().data(file.resolve("below")).start())
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContaining(file.toString());
  }

  @Test
  void withoutKafkasServerTheMessageNamesWhatToAdd() throws Exception {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      String name = new File(entry).getName();
      if (!name.startsWith("kafka_2.12") && !name.startsWith("scala-")) {
        urls.add(new File(entry).toURI().toURL());
      }
    }
    try (URLClassLoader without =
        new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
      Class<?> type = without.loadClass(EmbeddedBroker.class.getName());
      assertThatThrownBy(() -> type.getMethod("start").invoke(null))
          .isInstanceOf(InvocationTargetException.class)
          .cause()
          .hasMessageContaining("org.apache.kafka:kafka_2.12:3.9.2");
    }
  }
}
