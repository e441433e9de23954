package io.callstream.internal.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.internal.aggregate.BlockReader;
import io.callstream.internal.aggregate.TextCache;
import io.callstream.internal.files.Checksum;
import io.callstream.internal.task.CallCounter;
import io.callstream.internal.task.DeadLetterFormat;
import io.callstream.internal.task.DeadLetterMerge;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.PartitionClock;
import io.callstream.internal.task.PartitionSegment;
import io.callstream.internal.task.PossibleDuplicate;
import io.callstream.internal.task.SeenCalls;
import io.callstream.internal.task.TaskPlan;
import io.callstream.internal.task.TaskReport;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.statistic.StandardStatistics;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * Tests the data of a checkpoint truncated at each position and with each bit flipped. The heap is
 * too small for any length that damaged bytes could contain.
 */
class DamagedBytesTest {
  private static final int BATCHES = 105;

  private final Pipeline pipeline =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .statistic(StandardStatistics.callsByLocation())
          .build();

  private static final class MemoryFiles implements LedgerFiles {
    final Map<String, byte[]> files = new TreeMap<>();

    @Override
    public void write(String name, byte[] content) {
      files.put(name, Checksum.append(name, content));
    }

    @Override
    public byte[] read(String name) throws IOException {
      if (!files.containsKey(name)) {
        throw new IOException("no " + name);
      }
      return Checksum.verify(name, files.get(name));
    }

    @Override
    public List<String> list() {
      return List.copyOf(files.keySet());
    }

    @Override
    public void delete(String name) {
      files.remove(name);
    }

    @Override
    public String location() {
      return "memory";
    }
  }

  /** Returns the updates of a batch that counts one call in both statistics. */
  private BatchUpdates updates(int number) {
    BatchUpdates updates = new BatchUpdates(2);
    CallCounter counter =
        new CallCounter(new TaskPlan(pipeline), 0, LookupTables.NONE, Long.MIN_VALUE, letter -> {});
    for (int i = 0; i <= number % 3; i++) {
      Call call =
          Call.builder("1", "type " + (number + i) % 7, Instant.EPOCH)
              .address("at\1\0 " + i)
              .build();
      counter.count(call, CallRecord.at("calls", 0, number, 0, new byte[0]), 0);
    }
    counter.forEachPartial(updates::put);
    return updates;
  }

  private static PartitionClock clockOf(long millis) {
    PartitionClock clock =
        PartitionClock.ofSegment(Pipeline.DEFAULT_MAX_EVENT_TIME_JUMP.toMillis());
    clock.add(millis);
    return clock;
  }

  private MemoryFiles ledgerFiles() {
    MemoryFiles files = new MemoryFiles();
    Ledger ledger = Ledger.restore(pipeline, files, Ledger.NO_BATCH);
    List<String> names = pipeline.statistics().stream().map(Statistic::name).toList();
    for (int number = 0; number < BATCHES; number++) {
      TaskReport report =
          new TaskReport(
              Accounting.none(names, List.of()),
              List.of(new PartitionSegment(0, number, number + 1, clockOf(number))));
      ledger.append(number, report, updates(number));
    }
    return files;
  }

  @Test
  void aLedgerFileThatIsDamagedAnywhereIsNeverBelieved() {
    MemoryFiles whole = ledgerFiles();
    assertThat(whole.files.keySet()).anyMatch(name -> name.startsWith("snapshot-"));
    for (String name : whole.files.keySet()) {
      eachDamage(
          whole.files.get(name),
          damaged -> {
            MemoryFiles files = new MemoryFiles();
            files.files.putAll(whole.files);
            files.files.put(name, damaged);
            assertThatThrownBy(() -> Ledger.restore(pipeline, files, BATCHES - 1L))
                .isInstanceOfSatisfying(
                    CallstreamException.class,
                    e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT))
                .hasMessageContaining(name)
                .hasMessageMatching(".*Restore (it|the checkpoint directory) from a copy.*");
          });
    }
    assertThat(Ledger.restore(pipeline, whole, BATCHES - 1L).lastBatch()).isEqualTo(BATCHES - 1L);
  }

  @Test
  void lettersThatAreCutOffOrChangedAnywhereAreNeverBelieved() throws IOException {
    List<DeadLetter> letters = letters();
    byte[] whole = bytes(letters);
    assertThat(read(whole)).containsExactlyElementsOf(letters);
    for (int length = 0; length < whole.length; length++) {
      byte[] damaged = Arrays.copyOf(whole, length);
      saysDamaged(() -> read(damaged));
    }
    eachDamage(whole, damaged -> saysDamaged(() -> read(damaged)));
  }

  @Test
  void aBlockOfAnyBytesIsReadOrDamaged() {
    List<byte[]> blocks = new ArrayList<>();
    CallCounter counter =
        new CallCounter(new TaskPlan(pipeline), 0, LookupTables.NONE, Long.MIN_VALUE, letter -> {});
    for (int i = 0; i < 40; i++) {
      Call call = Call.builder("1", "type " + i, Instant.EPOCH).address("place " + i % 3).build();
      counter.count(call, CallRecord.at("calls", 0, i, 0, new byte[0]), 0);
    }
    counter.forEachPartial((statistic, window, block) -> blocks.add(block));
    assertThat(blocks).hasSize(2);
    for (byte[] block : blocks) {
      eachDamage(block, damaged -> succeedsOrSaysDamaged(() -> walk(damaged)));
    }
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 100_000; i++) {
      byte[] any = new byte[random.nextInt(40)];
      random.nextBytes(any);
      succeedsOrSaysDamaged(() -> walk(any));
    }
  }

  @Test
  void rememberedIdsThatAreCutOffOrChangedAnywhereAreNeverBelieved() {
    SeenCalls seen = new SeenCalls(1_000, null);
    List<PossibleDuplicate> batch = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      batch.add(
          new PossibleDuplicate(
              Call.builder("id " + i, "type", Instant.EPOCH).build(),
              CallRecord.at("calls", 0, i, 0, new byte[0]),
              i % 3));
    }
    assertThat(seen.sift(batch, Long.MIN_VALUE, 0, (call, earlier) -> {})).isZero();
    eachDamage(seen.toBytes(), damaged -> saysDamaged(() -> new SeenCalls(1_000, damaged)));
  }

  // ---- damage

  /**
   * Truncates the bytes at each position, flips each bit, and inserts a huge length at each
   * position.
   */
  private static void eachDamage(byte[] whole, Consumer<byte[]> damaged) {
    for (int length = 0; length < whole.length; length += 1 + whole.length / 200) {
      damaged.accept(Arrays.copyOf(whole, length));
    }
    for (int bit = 0; bit < whole.length * 8; bit += 1 + whole.length / 50) {
      byte[] copy = whole.clone();
      copy[bit / 8] ^= (byte) (1 << bit % 8);
      damaged.accept(copy);
    }
    byte[][] huge = {
      {(byte) 0x7f, -1, -1, -1}, {-1, -1, -1, -1, 7}, {-1, -1, -1, -1, -1, -1, -1, -1, -1, 1}
    };
    for (int at = 0; at < whole.length - 10; at += 1 + whole.length / 100) {
      for (byte[] length : huge) {
        byte[] copy = whole.clone();
        System.arraycopy(length, 0, copy, at, length.length);
        if (!Arrays.equals(copy, whole)) {
          damaged.accept(copy);
        }
      }
    }
  }

  private static void saysDamaged(ThrowingCallable reading) {
    assertThatThrownBy(reading)
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT));
  }

  private static void succeedsOrSaysDamaged(Runnable reading) {
    try {
      reading.run();
    } catch (CallstreamException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT);
    }
  }

  private static void walk(byte[] block) {
    BlockReader groups = new BlockReader(block);
    while (groups.next()) {
      assertThat(groups.dimensions(new TextCache()).size()).isLessThanOrEqualTo(block.length * 2);
      assertThat(groups.count()).isEqualTo(groups.count());
    }
  }

  private static List<DeadLetter> letters() {
    List<DeadLetter> letters = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Origin origin = new Origin("calls", 0, i, Instant.EPOCH);
      letters.add(
          i % 2 == 0
              ? new DeadLetter.Rejected(
                  origin,
                  i == 4 ? null : HexFormat.of().parseHex("00ff".repeat(i)),
                  RejectionReason.NOT_TEXT,
                  i == 2 ? "city" : null)
              : new DeadLetter.Late(
                  origin,
                  new byte[i],
                  List.of(
                      new DeadLetter.MissedWindow(
                          "hourly",
                          new WindowBounds(Instant.EPOCH, Instant.EPOCH.plusSeconds(3_600))))));
    }
    return letters;
  }

  private static byte[] bytes(List<DeadLetter> letters) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (DeadLetter letter : letters) {
      DeadLetterFormat.write(letter, new DataOutputStream(bytes));
    }
    DeadLetterFormat.writeEnd(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static List<DeadLetter> read(byte[] bytes) {
    List<DeadLetter> letters = new ArrayList<>();
    try (DeadLetterMerge merged =
        new DeadLetterMerge(List.of(() -> new ByteArrayInputStream(bytes)))) {
      merged.forEach(letters::add);
    } catch (UncheckedIOException e) {
      throw new AssertionError(e);
    }
    return letters;
  }
}
