package io.callstream.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.spark.SparkSettings.StateStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.spark.api.java.function.FlatMapGroupsWithStateFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.streaming.GroupState;
import org.apache.spark.sql.streaming.GroupStateTimeout;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.Trigger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import scala.Tuple2;

/** Queries whose functions keep rows in Spark's state stores. */
class StateRowsTest {
  private static final int ROWS = 200;
  private static final int ROW_BYTES = 1_000;

  @TempDir Path directory;
  private Path input;

  @BeforeEach
  void createInput() throws Exception {
    input = Files.createDirectory(directory.resolve("input"));
  }

  /** Creates a file, which becomes a batch. A line is a group, a key and a value. */
  private void write(int number, List<String> lines) throws Exception {
    Path file = Files.write(input.resolve(number + ".txt"), lines);
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_600_000_000_000L + number * 1_000L));
  }

  /** Exchanges the rows of a group: it emits the value of a key so far, and stores the new one. */
  private static Iterator<Tuple2<byte[], byte[]>> exchange(
      byte[] group, Iterator<Tuple2<byte[], byte[]>> lines, GroupState<byte[]> state) {
    StateRows rows = StateRows.ofFunction();
    List<Tuple2<byte[], byte[]>> output = new ArrayList<>();
    while (lines.hasNext()) {
      String[] line = new String(lines.next()._2(), UTF_8).split(" ", -1);
      byte[] key = (line[0] + "/" + line[1]).getBytes(UTF_8);
      byte[] before = rows.get(key);
      output.add(new Tuple2<>(key, before == null ? "none".getBytes(UTF_8) : before));
      if (line[2].isEmpty()) {
        rows.remove(key);
      } else {
        rows.put(key, line[2].getBytes(UTF_8));
      }
    }
    state.update(String.valueOf(output.size()).getBytes(UTF_8));
    return output.iterator();
  }

  private static Dataset<Tuple2<byte[], byte[]>> exchanged(Dataset<Tuple2<byte[], byte[]>> rows) {
    FlatMapGroupsWithStateFunction<byte[], Tuple2<byte[], byte[]>, byte[], Tuple2<byte[], byte[]>>
        task = StateRowsTest::exchange;
    return rows.groupByKey(
            (MapFunction<Tuple2<byte[], byte[]>, byte[]>) Tuple2::_1, Encoders.BINARY())
        .flatMapGroupsWithState(
            task,
            OutputMode.Append(),
            Encoders.BINARY(),
            Encoders.tuple(Encoders.BINARY(), Encoders.BINARY()),
            GroupStateTimeout.NoTimeout());
  }

  private static Tuple2<byte[], byte[]> row(String line) {
    return new Tuple2<>(line.substring(0, 1).getBytes(UTF_8), line.getBytes(UTF_8));
  }

  private Dataset<Tuple2<byte[], byte[]>> rows(SparkSession session) {
    return session
        .readStream()
        .option("maxFilesPerTrigger", 1)
        .textFile(input.toString())
        .map(
            (MapFunction<String, Tuple2<byte[], byte[]>>) StateRowsTest::row,
            Encoders.tuple(Encoders.BINARY(), Encoders.BINARY()));
  }

  private static SparkSession session(StateStore store) {
    SparkSession session = TestSession.get().newSession();
    session.conf().set("spark.sql.shuffle.partitions", 1);
    SparkRun.useStateStore(session.conf(), store);
    return session;
  }

  /** Runs a query over the files that are new, and returns what it emits. */
  private TreeMap<String, String> run(Dataset<Tuple2<byte[], byte[]>> query) throws Exception {
    TreeMap<String, String> output = new TreeMap<>();
    DriverSink.start(
            query
                .writeStream()
                .outputMode(OutputMode.Append())
                .trigger(Trigger.AvailableNow())
                .option("checkpointLocation", directory.resolve("checkpoint").toString()),
            new DriverSink.Receiver() {
              @Override
              public void begin() {}

              @Override
              public void finish(long number, List<Tuple2<byte[], byte[]>> rows) {
                rows.forEach(r -> output.put(new String(r._1(), UTF_8), new String(r._2(), UTF_8)));
              }

              @Override
              public void end() {}
            })
        .awaitTermination();
    return output;
  }

  @ParameterizedTest
  @EnumSource(names = "ROCKSDB_WITH_CHANGELOG")
  void keepsTheRowsOfEachGroupOverARestart(StateStore store) throws Exception {
    write(0, List.of("a 1 x", "b 1 y", "a 2 z"));
    assertThat(run(exchanged(rows(session(store)))))
        .containsOnly(entry("a/1", "none"), entry("b/1", "none"), entry("a/2", "none"));
    org.apache.spark.sql.execution.streaming.state.StateStore.stop();
    write(1, List.of("a 1 ", "b 1 yy"));
    assertThat(run(exchanged(rows(session(store)))))
        .containsOnly(entry("a/1", "x"), entry("b/1", "y"));
    org.apache.spark.sql.execution.streaming.state.StateStore.stop();
    write(2, List.of("a 1 xxx", "b 1 yyy", "a 2 zzz"));
    assertThat(run(exchanged(rows(session(store)))))
        .containsOnly(entry("a/1", "none"), entry("b/1", "yy"), entry("a/2", "z"));
  }

  @ParameterizedTest
  @Tag("thorough")
  @EnumSource(names = {"MEMORY", "ROCKSDB"})
  void otherStoresKeepTheRowsOfEachGroupOverARestart(StateStore store) throws Exception {
    keepsTheRowsOfEachGroupOverARestart(store);
  }

  @Test
  void givesEachOfTwoOperatorsItsOwnStore() throws Exception {
    SparkSession session = session(StateStore.MEMORY);
    write(0, List.of("a 1 x"));
    run(exchanged(lines(exchanged(rows(session)))));
    write(1, List.of("a 1 y"));
    // The first operator emits the value before, and the second one stores it.
    assertThat(run(exchanged(lines(exchanged(rows(session(StateStore.MEMORY)))))))
        .containsOnly(entry("a/1", "none"));
    write(2, List.of("a 1 z"));
    assertThat(run(exchanged(lines(exchanged(rows(session(StateStore.MEMORY)))))))
        .containsOnly(entry("a/1", "x"));
  }

  private static Dataset<Tuple2<byte[], byte[]>> lines(Dataset<Tuple2<byte[], byte[]>> output) {
    return output.map(
        (MapFunction<Tuple2<byte[], byte[]>, Tuple2<byte[], byte[]>>)
            row -> {
              String key = new String(row._1(), UTF_8).replace('/', ' ');
              return row(key + " " + new String(row._2(), UTF_8));
            },
        Encoders.tuple(Encoders.BINARY(), Encoders.BINARY()));
  }

  @ParameterizedTest
  @EnumSource(names = "ROCKSDB_WITH_CHANGELOG")
  void writesOnlyTheRowsThatChange(StateStore store) throws Exception {
    Random random = new Random(1);
    List<String> many = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      many.add("a " + i + " " + text(random));
    }
    write(0, many);
    write(1, List.of("a 7 " + text(random)));
    run(exchanged(rows(session(store))));
    String suffix = store == StateStore.MEMORY ? ".delta" : ".changelog";
    Path state = directory.resolve("checkpoint/state/0/0");
    assertThat(Files.size(state.resolve("1" + suffix))).isGreaterThan(ROWS * ROW_BYTES / 2);
    assertThat(Files.size(state.resolve("2" + suffix))).isBetween(1L, 2L * ROW_BYTES);
  }

  @ParameterizedTest
  @Tag("thorough")
  @EnumSource(names = "MEMORY")
  void memoryWritesOnlyTheRowsThatChange(StateStore store) throws Exception {
    writesOnlyTheRowsThatChange(store);
  }

  /** Returns a text that no codec makes much shorter than half of its length. */
  private static String text(Random random) {
    return random
        .ints(ROW_BYTES, '0', 'z' + 1)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  @Test
  void failsWithoutAStoreOfItsOwn() {
    assertThatThrownBy(StateRows::ofFunction).isInstanceOf(IllegalStateException.class);
  }

  private static Map.Entry<String, String> entry(String key, String value) {
    return Map.entry(key, value);
  }
}
