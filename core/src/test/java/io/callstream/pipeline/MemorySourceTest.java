package io.callstream.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.pipeline.MemorySource.Addition;
import io.callstream.pipeline.MemorySource.Entry;
import io.callstream.pipeline.MemorySource.Transaction;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MemorySourceTest {
  private final MemorySource source = MemorySource.withPartitions(2);

  private static List<Addition> records(int partition, String... values) {
    return Arrays.stream(values)
        .map(v -> new Addition(partition, new Entry(Instant.EPOCH, v.getBytes(UTF_8))))
        .toList();
  }

  /** Returns the readable records of a partition. An offset without a record is "-". */
  private List<String> readable(int partition) {
    return source.read(partition, 0, source.end(partition)).stream()
        .map(entry -> entry == null ? "-" : new String(entry.value(), UTF_8))
        .toList();
  }

  @Test
  void aCommittedTransactionIsReadableFromItsEndOn() {
    source.addAll(records(0, "a"));
    Transaction transaction = source.begin();
    transaction.addAll(records(0, "b"));
    transaction.addAll(records(1, "c"));
    source.addAll(records(0, "d"));
    assertThat(readable(0)).containsExactly("a");
    assertThat(readable(1)).isEmpty();
    assertThat(source.ends()).containsExactly(1, 0);

    transaction.commit();

    assertThat(readable(0)).containsExactly("a", "b", "d", "-");
    assertThat(readable(1)).containsExactly("c", "-");
  }

  @Test
  void anAbortedTransactionLeavesOffsetsWithoutRecords() {
    Transaction transaction = source.begin();
    transaction.addAll(records(0, "a", "b"));
    source.addAll(records(0, "c"));

    transaction.abort();

    assertThat(readable(0)).containsExactly("-", "-", "c", "-");
    assertThat(readable(1)).isEmpty();
  }

  @Test
  void theOldestOpenTransactionDecidesWhereAPartitionEnds() {
    Transaction first = source.begin();
    Transaction second = source.begin();
    second.addAll(records(0, "a"));
    first.addAll(records(0, "b"));
    first.commit();
    assertThat(readable(0)).isEmpty();

    second.commit();

    assertThat(readable(0)).containsExactly("a", "b", "-", "-");
  }

  @Test
  void listenersHearOfTheEndOfATransaction() {
    AtomicInteger heard = new AtomicInteger();
    source.onRecord(heard::incrementAndGet);
    Transaction transaction = source.begin();
    transaction.addAll(records(0, "a"));
    assertThat(heard).hasValue(0);

    transaction.commit();

    assertThat(heard).hasValue(1);
    assertThatThrownBy(transaction::abort).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> transaction.addAll(records(0, "b")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("The transaction has ended; begin another one");
  }
}
