package io.callstream.examples.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.callstream.CallstreamException;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.Engine;
import io.callstream.engine.Engines;
import io.callstream.engine.RestartPolicy;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.engine.Supervisor;
import io.callstream.engine.local.LocalEngine;
import io.callstream.engine.local.PipelineTester;
import io.callstream.examples.docs.DocumentationPage.Block;
import io.callstream.examples.embedding.KafkaToCsv;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.TopicAdmin;
import io.callstream.kafka.broker.EmbeddedBroker;
import io.callstream.kafka.source.SyntheticCalls;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.sink.Sinks;
import io.callstream.spark.CallRows;
import io.callstream.spark.SparkEngine;
import io.callstream.spark.SparkSettings;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Contains the code of docs/embed.md. */
class EmbeddingTest {
  private static final Path FIRST_PROJECT = Path.of("src/it/first-pipeline").toAbsolutePath();

  @TempDir private Path directory;

  private Pipeline pipeline() {
    return Pipeline.builder(
            KafkaTopic.of("police.service.calls").at(ExampleTopic.brokers()),
            SanFranciscoCalls.json())
        .statistic(StandardStatistics.callsByType())
        .build();
  }

  @Test
  void plainJava() throws Exception {
    ExampleTopic.runUntilCounted(
        () -> program(ExampleTopic.brokers(), directory.resolve("out"), "" + directory),
        directory.resolve("out"));
  }

  /** Runs the project twice. The second run resumes where the first one ended. */
  @Test
  void theFirstProject() throws Exception {
    for (int run = 0; run < 2; run++) {
      Path printed = directory.resolve("printed");
      Process program =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  FIRST_PROJECT.resolve("src/main/java/com/example/Main.java").toString(),
                  ExampleTopic.brokers())
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(printed.toFile())
              .start();
      try {
        assertThat(program.waitFor(2, TimeUnit.MINUTES)).as(Files.readString(printed)).isTrue();
        assertThat(program.exitValue()).as(Files.readString(printed)).isZero();
      } finally {
        program.destroyForcibly();
      }
      assertThat(printed)
          .content()
          .contains("Passing Call  ", "\"received\":" + ExampleTopic.CALLS + ",")
          .contains("All counts are in " + directory.resolve("out"));
    }
    assertThat(directory.resolve("out/noise.csv")).isNotEmptyFile();
    assertThat(directory.resolve("state/local")).isNotEmptyDirectory();
  }

  @Test
  void theCommandsOnThePageCopyTheFirstProjectWithItsVersion() throws Exception {
    String version = versionOf(DocumentationPage.of("README.md"), "callstream-kafka-producer");
    Path copy = directory.resolve("first-pipeline");
    String commands =
        DocumentationPage.of("docs/embed.md").blocks().stream()
            .map(Block::text)
            .filter(text -> text.startsWith("cp -r "))
            .findFirst()
            .orElseThrow();
    Process shell =
        new ProcessBuilder("sh", "-ec", commands.replace("../first-pipeline", "" + copy))
            .directory(DocumentationPage.ROOT.toFile())
            .inheritIO()
            .start();
    assertThat(shell.waitFor()).isZero();
    try (Stream<Path> files = Files.walk(FIRST_PROJECT)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertThat(copy.resolve(FIRST_PROJECT.relativize(file)))
            .hasContent(Files.readString(file).replace("@project.version@", version));
      }
    }
  }

  @Test
  void theDependenciesOnThePageAreThoseOfTheFirstProject() throws IOException {
    String shown =
        DocumentationPage.of("docs/embed.md").blocks().stream()
            .filter(block -> block.language().equals("xml"))
            .findFirst()
            .orElseThrow()
            .text();
    assertThat(Files.readString(FIRST_PROJECT.resolve("pom.xml")))
        .containsIgnoringWhitespaces(shown);
  }

  @Test
  void theSpringBootApplicationOnThePageIsTheTestedOne() throws IOException {
    DocumentationPage page = DocumentationPage.of("docs/embed.md");
    String tested =
        Files.readString(
            Path.of("src/it/spring-boot/src/main/java/consumer/CallsApplication.java"));
    assertThat(page.blocks())
        .extracting(Block::text)
        .filteredOn(text -> text.startsWith("package consumer;"))
        .singleElement(STRING)
        .isEqualToNormalizingWhitespace(tested);
    assertThat(Files.readString(DocumentationPage.ROOT.resolve("pom.xml")))
        .contains(
            "<spring-boot.version>%s<".formatted(versionOf(page, "spring-boot-starter-parent")));
  }

  private static String versionOf(DocumentationPage page, String artifact) {
    Pattern version = Pattern.compile(artifact + "</artifactId>\\s*<version>([^<]*)</version>");
    Matcher found = version.matcher(String.join("\n", page.lines()));
    assertThat(found.find()).isTrue();
    return found.group(1);
  }

  @Test
  void thePackagesThatSparkWantsOpenedAreOnThePage() throws IOException {
    String shown =
        DocumentationPage.of("docs/embed.md").blocks().stream()
            .map(Block::text)
            .filter(text -> text.contains("JDK_JAVA_OPTIONS"))
            .findFirst()
            .orElseThrow();
    assertThat(shown.split("[\\s)]+"))
        .contains(System.getProperty("spark.add-opens").replace("java.base/", "").split("\\s+"));
  }

  @Test
  void theSmallMain() throws InterruptedException {
    Path out = directory.resolve("out");
    KafkaToCsv.main(new String[] {ExampleTopic.brokers(), "police.service.calls", out.toString()});
    assertThat(out.resolve("accounting.json"))
        .content()
        .contains("\"received\":" + ExampleTopic.CALLS + ",");
  }

  private static void program(String brokers, Path out, String state) throws InterruptedException {
    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of("police.service.calls").at(brokers), SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(Sinks.csv(out))
            .deadLetters(Sinks.deadLetterFiles(out))
            .build();
    RunOptions options = RunOptions.continuous().checkpointingTo(state);

    try (RunningPipeline running = Engines.named("local").start(pipeline, options)) {
      Runtime.getRuntime().addShutdownHook(new Thread(running::stop));
      running.awaitTermination();
    }
  }

  @Test
  void failures() throws InterruptedException {
    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of("police.service.calls").at(ExampleTopic.brokers()),
                SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(
                Sinks.callback(
                    batch -> {
                      throw new IllegalStateException("the store is away");
                    }))
            .build();
    assertThat(endOf(pipeline)).startsWith("SINK_FAILED: callback failed to");
  }

  private static String endOf(Pipeline pipeline) throws InterruptedException {
    Engine engine = new LocalEngine();
    try (RunningPipeline running = engine.start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      return "all is counted";
    } catch (CallstreamException e) {
      return e.code() + ": " + e.getMessage();
    }
  }

  @Test
  void terminationAndRestarts() throws Exception {
    AtomicInteger batches = new AtomicInteger();
    Pipeline pipeline =
        Pipeline.builder(
                KafkaTopic.of("police.service.calls").at(ExampleTopic.brokers()),
                SanFranciscoCalls.json())
            .statistic(StandardStatistics.callsByType())
            .results(
                Sinks.callback(
                    batch -> {
                      if (batches.getAndIncrement() == 0) {
                        throw new IllegalStateException("the store is away");
                      }
                    }))
            .build();
    CompletableFuture<String> alert = new CompletableFuture<>();
    try (Supervisor supervisor = supervised(pipeline, directory.resolve("state").toString())) {
      alertOnFailure(supervisor.current(), alert::complete);
      assertThat(alert.get(1, TimeUnit.MINUTES)).isEqualTo("SINK_FAILED");
      while (batches.get() < 2) {
        assertThat(supervisor.awaitTermination(Duration.ofMillis(50))).isFalse();
      }
      assertThat(supervisor.restarts()).isEqualTo(1);
    }
  }

  private static void alertOnFailure(RunningPipeline running, Consumer<String> alert) {
    running.onTermination(
        end -> end.failure().ifPresent(failure -> alert.accept(failure.code().name())));
  }

  private static Supervisor supervised(Pipeline pipeline, String checkpoint) {
    RunOptions options = RunOptions.continuous().checkpointingTo(checkpoint);
    RestartPolicy policy =
        RestartPolicy.defaults().atMost(20).delaying(Duration.ofSeconds(1), Duration.ofMinutes(5));
    return Supervisor.start(new LocalEngine(), pipeline, options, policy);
  }

  @Test
  void cluster() {
    KafkaTopic topic =
        KafkaTopic.of("police.service.calls")
            .at("kafka-1:9093,kafka-2:9093")
            .startingAt(KafkaTopic.StartingOffsets.LATEST)
            .with(Map.of("security.protocol", "SSL"));
    assertThat(topic.toString()).contains("[security.protocol]");
  }

  @Test
  void aSessionThatIsThere() throws InterruptedException {
    String brokers = ExampleTopic.brokers();
    Pipeline pipeline = pipeline();
    SparkSession session =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate();

    Engine engine =
        SparkEngine.on(
            session,
            SparkSettings.defaults()
                .shufflePartitions(2)
                .stateStore(SparkSettings.StateStore.ROCKSDB_WITH_CHANGELOG));
    try (RunningPipeline running = engine.start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      assertThat(running.accounting().received()).isEqualTo(ExampleTopic.CALLS);
    }
    assertThat(session.sparkContext().isStopped()).isFalse();

    Dataset<Row> records =
        session
            .read()
            .format("kafka")
            .option("kafka.bootstrap.servers", brokers)
            .option("subscribe", "police.service.calls")
            .option("kafka.isolation.level", "read_committed")
            .load();
    Dataset<Row> calls = CallRows.of(records, SanFranciscoCalls.json());
    long readable = calls.where("rejection is null").count();
    assertThat(readable).isEqualTo(ExampleTopic.CALLS);
    session.stop();
  }

  @Test
  void aSessionOfItsOwn() {
    Engine engine =
        SparkEngine.with(
            SparkSettings.defaults()
                .master("local[4]")
                .shufflePartitions(4)
                .with("spark.ui.enabled", "true"));
    assertThat(engine.name()).isEqualTo("spark");
  }

  @Test
  void theSameOnBothEngines() throws InterruptedException {
    Pipeline pipeline = pipeline();
    assertThat(count(pipeline, "spark")).isEqualTo(count(pipeline, "local"));
  }

  private static List<ResultRow> count(Pipeline pipeline, String engine)
      throws InterruptedException {
    try (RunningPipeline running = Engines.named(engine).start(pipeline, RunOptions.bounded())) {
      running.awaitTermination();
      return running.results("calls-by-type").rows();
    }
  }

  @Test
  void testing() {
    Dimension block =
        Dimension.of("block", Set.of(Fields.ADDRESS), call -> firstWords(call.address()));

    Statistic repeatBlocks =
        Statistic.named("repeat-blocks")
            .where(Set.of(Fields.TYPE), call -> !call.type().equals("Passing Call"))
            .by(block)
            .over(
                Windows.sliding(Duration.ofHours(6), Duration.ofHours(1))
                    .allowingLateness(Duration.ofHours(1)))
            .measuring(Measures.count(), Measures.share())
            .build();

    try (PipelineTester test = PipelineTester.of(repeatBlocks)) {
      test.receive(
          Call.builder("1", "Trespasser", Instant.parse("2018-11-04T08:30:00Z"))
              .address("300 Block Of Hyde St")
              .build());
      test.endBatch();
      assertThat(test.results("repeat-blocks")).hasSize(6);
    }
  }

  private static String firstWords(String address) {
    return address.substring(0, Math.min(address.length(), 12));
  }

  @Test
  void testingWhatIsLateOrNoCall() {
    Statistic hourly =
        Statistic.named("hourly")
            .by(Dimensions.CRIME_TYPE)
            .over(Windows.tumbling(Duration.ofHours(1)).withoutLateness())
            .build();

    try (PipelineTester test =
        PipelineTester.of(
            SanFranciscoCalls.json(), 2, parts -> parts.statistic(hourly).distinct())) {
      test.receive(Call.builder("1", "415", Instant.parse("2018-11-04T10:30:00Z")).build());
      test.endBatch();
      assertThat(test.watermark()).contains(Instant.parse("2018-11-04T10:30:00Z"));

      test.receive(Call.builder("2", "415", Instant.parse("2018-11-04T09:30:00Z")).build());
      test.receive("{\"crime_id\":\"3\"}");
      test.endBatch();
      assertThat(test.deadLetters())
          .hasExactlyElementsOfTypes(DeadLetter.Late.class, DeadLetter.Rejected.class);
      assertThat(test.accounting().received()).isEqualTo(3);
    }
  }

  @Test
  void testingWithABroker() throws InterruptedException {
    try (EmbeddedBroker broker = EmbeddedBroker.start()) {
      KafkaCluster cluster = KafkaCluster.at(broker.bootstrapServers());
      try (TopicAdmin admin = TopicAdmin.connect(cluster)) {
        admin.ensure("calls", 2, 1);
      }
      try (CallProducer producer =
          CallProducer.to(cluster, "calls", SanFranciscoCalls.json()).connect()) {
        producer.send(SyntheticCalls.of(1_000).withSeed(7));
      }

      Pipeline pipeline =
          Pipeline.builder(
                  KafkaTopic.of("calls").at(broker.bootstrapServers()), SanFranciscoCalls.json())
              .statistic(StandardStatistics.callsByType())
              .build();
      try (RunningPipeline running = Engines.named("local").start(pipeline, RunOptions.bounded())) {
        running.awaitTermination();
        assertThat(running.accounting().received()).isEqualTo(1_000);
      }
    }
  }
}
