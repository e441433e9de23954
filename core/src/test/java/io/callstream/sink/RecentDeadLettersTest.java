package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.call.RejectionReason;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.MemorySource;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.WindowBounds;
import io.callstream.progress.Accounting;
import io.callstream.sink.RecentDeadLetters.Reason;
import io.callstream.statistic.StandardStatistics;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class RecentDeadLettersTest {
  private static final Instant NOON = Instant.parse("2018-11-01T12:00:00Z");
  private static final WindowBounds HOUR = new WindowBounds(NOON, NOON.plusSeconds(3_600));
  private static final Pipeline PIPELINE =
      Pipeline.builder(MemorySource.withPartitions(1), SanFranciscoCalls.json())
          .statistic(StandardStatistics.callsByType())
          .build();

  private final RecentDeadLetters recent = new RecentDeadLetters();

  private static BatchResults batch(String lineage, long number) {
    Accounting none = new Accounting(0, 0, 0, 0, 0, 0, 0, Map.of(), Map.of());
    return new BatchResults(
        lineage, number, PIPELINE, Optional.empty(), Map.of(), Map.of(), none, none, Map.of());
  }

  private static Origin at(long offset) {
    return new Origin("calls", 0, offset, NOON);
  }

  private static DeadLetter rejected(long offset, String field, String value) {
    return new Rejected(
        at(offset), value.getBytes(UTF_8), RejectionReason.UNREADABLE_TIME, field, null);
  }

  @Test
  void countsReasonsAndKeepsTheLatestOfEach() {
    recent.open(batch("a", -1), Map.of());
    recent.write(
        batch("a", 0),
        List.of(
            rejected(1, "call_date_time", "one"),
            rejected(2, "call_date_time", "two"),
            new Late(
                at(3),
                "late".getBytes(UTF_8),
                List.of(
                    new MissedWindow("hourly", HOUR),
                    new MissedWindow("hourly", HOUR),
                    new MissedWindow("daily", HOUR)))));
    recent.write(
        batch("a", 1),
        List.of(
            rejected(4, "call_date_time", "four"),
            rejected(5, "call_date_time", "x".repeat(10_000))));
    List<Reason> reasons = recent.reasons();
    assertThat(reasons)
        .extracting(Reason::text)
        .containsExactly("rejected: unreadable-time in call_date_time", "late: hourly, daily");
    assertThat(reasons).extracting(Reason::count).containsExactly(4L, 1L);
    assertThat(reasons.get(0).latest())
        .extracting(letter -> letter.origin().offset())
        .containsExactly(5L, 4L, 2L);
    assertThat(reasons.get(0).latest().get(0).value()).hasSize(RecentDeadLetters.MAX_BYTES);
  }

  @Test
  void countsABatchThatIsRepeatedOnceAndForgetsAnotherLineage() {
    for (int attempt = 0; attempt < 2; attempt++) {
      recent.open(batch("a", -1), Map.of());
      recent.write(batch("a", 0), List.of(rejected(1, "f", "one")));
    }
    assertThat(recent.reasons()).extracting(Reason::count).containsExactly(1L);
    recent.open(batch("b", -1), Map.of());
    assertThat(recent.reasons()).isEmpty();
    recent.write(batch("b", 0), List.of(rejected(1, "f", "one")));
    assertThat(recent.reasons()).extracting(Reason::count).containsExactly(1L);
  }

  @Test
  void countsEachLetterOnceIfReadingTheBatchFailedAtFirst() {
    recent.open(batch("a", -1), Map.of());
    List<DeadLetter> letters = List.of(rejected(1, "f", "one"), rejected(2, "f", "two"));
    Iterable<DeadLetter> failing =
        () ->
            Stream.of(letters.get(0), letters.get(1))
                .peek(letter -> assertThat(letter).isSameAs(letters.get(0)))
                .iterator();
    assertThatThrownBy(() -> recent.write(batch("a", 0), failing))
        .isInstanceOf(AssertionError.class);
    assertThat(recent.reasons()).isEmpty();
    recent.write(batch("a", 0), letters);
    assertThat(recent.reasons()).extracting(Reason::count).containsExactly(2L);
    assertThat(recent.reasons().get(0).latest())
        .extracting(letter -> letter.origin().offset())
        .containsExactly(2L, 1L);
  }

  @Test
  void limitsTheNumberOfReasons() {
    recent.open(batch("a", -1), Map.of());
    for (int i = 0; i < 100; i++) {
      recent.write(batch("a", i), List.of(rejected(i, "field" + i, "value")));
    }
    assertThat(recent.reasons()).hasSize(RecentDeadLetters.MAX_REASONS);
    assertThat(recent.reasons().get(0).text()).isEqualTo("other reasons");
    assertThat(recent.reasons().stream().mapToLong(Reason::count).sum()).isEqualTo(100);
  }
}
