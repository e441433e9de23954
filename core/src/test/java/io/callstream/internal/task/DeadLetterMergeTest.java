package io.callstream.internal.task;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.RejectionReason;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.Origin;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeadLetterMergeTest {
  @Test
  void lettersOfSeveralTasksComeInOneOrderAsOftenAsTheyAreAskedFor() throws IOException {
    List<DeadLetter> all = new ArrayList<>();
    for (int offset = 0; offset < 1_000; offset++) {
      Origin origin = new Origin("t", offset % 3, offset, Instant.EPOCH);
      all.add(
          new DeadLetter.Rejected(origin, new byte[offset % 50], RejectionReason.NOT_JSON, null));
    }
    all.sort(
        Comparator.comparingInt((DeadLetter letter) -> letter.origin().partition())
            .thenComparingLong(letter -> letter.origin().offset()));
    Random random = new Random(7);
    List<List<DeadLetter>> tasks = new ArrayList<>(Collections.nCopies(5, null));
    tasks.replaceAll(none -> new ArrayList<>());
    all.forEach(letter -> tasks.get(random.nextInt(4)).add(letter)); // the fifth remains empty

    List<DeadLetterMerge.Input> runs = new ArrayList<>();
    int[] open = new int[1];
    for (List<DeadLetter> task : tasks) {
      byte[] bytes = bytes(task);
      runs.add(
          () -> {
            open[0]++;
            return new FilterInputStream(new ByteArrayInputStream(bytes)) {
              private boolean closed;

              @Override
              public void close() {
                open[0] -= closed ? 0 : 1;
                closed = true;
              }
            };
          });
    }
    try (DeadLetterMerge merged = new DeadLetterMerge(runs)) {
      assertThat(merged).containsExactlyElementsOf(all);
      assertThat(merged).containsExactlyElementsOf(all);
      assertThat(merged.iterator().hasNext()).isTrue();
    }
    assertThat(open[0]).as("streams left open").isZero();
  }

  private static byte[] bytes(List<DeadLetter> letters) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (DeadLetter letter : letters) {
      DeadLetterFormat.write(letter, new DataOutputStream(bytes));
    }
    DeadLetterFormat.writeEnd(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }
}
