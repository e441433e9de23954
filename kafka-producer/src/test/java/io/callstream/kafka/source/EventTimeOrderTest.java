package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.engine.contract.DelegatingFormat;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class EventTimeOrderTest {
  private static final JsonFormat FORMAT = SanFranciscoCalls.json();

  /** Returns a record. It has no time if the minute is negative. */
  private static String line(int index, int minute) {
    return minute < 0
        ? "{\"garbage\":" + index + "}"
        : String.format(
            Locale.ROOT,
            "{\"crime_id\":\"%d\",\"original_crime_type_name\":\"x%s\","
                + "\"call_date_time\":\"2018-11-04T00:%02d:00.000\"}",
            index,
            "y".repeat(index % 50),
            minute);
  }

  private static CallSource lines(List<String> lines) {
    byte[] text = lines.isEmpty() ? new byte[0] : String.join("\n", lines).getBytes(UTF_8);
    return CallSource.stream("lines", new ByteArrayInputStream(text));
  }

  private record Expected(int minute, String line) {}

  @Property(tries = 100)
  void isThatOfAStableSortWhateverTheMemory(
      @ForAll @Size(max = 200) List<@IntRange(min = -2, max = 20) Integer> minutes,
      @ForAll @IntRange(min = 1, max = 20_000) int memory) {
    List<String> unsorted = new ArrayList<>();
    List<Expected> expected = new ArrayList<>();
    int time = Integer.MIN_VALUE;
    for (int i = 0; i < minutes.size(); i++) {
      String line = line(i, minutes.get(i));
      time = minutes.get(i) < 0 ? time : minutes.get(i);
      unsorted.add(line);
      expected.add(new Expected(time, line));
    }
    expected.sort(Comparator.comparingInt(Expected::minute));

    assertThat(Reading.texts(lines(unsorted).inEventTimeOrder(FORMAT, memory)))
        .isEqualTo(expected.stream().map(Expected::line).toList());
  }

  @Property(tries = 300)
  @Tag("thorough")
  void isThatOfAStableSortForManyInputs(
      @ForAll @Size(max = 200) List<@IntRange(min = -2, max = 20) Integer> minutes,
      @ForAll @IntRange(min = 1, max = 20_000) int memory) {
    isThatOfAStableSortWhateverTheMemory(minutes, memory);
  }

  @Test
  void aRecordOnWhichTheFormatThrowsKeepsItsPlaceAfterItsPredecessor() {
    List<String> unsorted = List.of(line(0, 9), "throws", line(1, 5), line(2, 1));
    assertThat(Reading.texts(lines(unsorted).inEventTimeOrder(new ThrowingFormat(FORMAT), 10_000)))
        .containsExactly(line(2, 1), line(1, 5), line(0, 9), "throws");
  }

  @Test
  void recordsLargerThanAllMemoryAndBuffersAreKeptWhole() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      lines.add(line(i, 59 - i).replace("\"x", "\"" + "z".repeat(1 + i * 3_001)));
    }
    List<String> reversed = new ArrayList<>(lines);
    java.util.Collections.reverse(reversed);

    assertThat(Reading.texts(lines(lines).inEventTimeOrder(FORMAT, 10_000))).isEqualTo(reversed);
  }

  @Test
  void aSourceThatFailsMidwayGivesWhatItHadInOrderAndThenTheFailure() {
    String array = "[" + line(0, 5) + "," + line(1, 3) + "," + line(2, 4) + ",{";
    CallSource broken =
        CallSource.stream("broken", new ByteArrayInputStream(array.getBytes(UTF_8)));
    List<String> read = new ArrayList<>();

    try (CallRecords records = broken.inEventTimeOrder(FORMAT, 1).open()) {
      assertThatThrownBy(
              () -> records.forEachRemaining(value -> read.add(new String(value, UTF_8))))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("broken");
    }

    assertThat(read).containsExactly(line(1, 3), line(2, 4), line(0, 5));
  }

  @Test
  void aFailureOfTheUnsortedSourceOrOfTheFormatIsThrownAsItIs() {
    UncheckedIOException failure = new UncheckedIOException(new IOException("theirs"));
    CallSource failing =
        new CallSource() {
          @Override
          public String name() {
            return "failing";
          }

          @Override
          public CallRecords open() {
            return new CallRecords() {
              @Override
              public boolean hasNext() {
                throw failure;
              }

              @Override
              public byte[] next() {
                throw failure;
              }

              @Override
              public void close() {}
            };
          }
        };
    CallFormat noParser =
        new DelegatingFormat(FORMAT) {
          @Override
          public CallParser parser(Set<Field<?>> fields) {
            throw failure;
          }
        };

    try (CallRecords records = failing.inEventTimeOrder(FORMAT).open()) {
      assertThatThrownBy(records::hasNext).isSameAs(failure);
    }
    try (CallRecords records = lines(List.of(line(0, 1))).inEventTimeOrder(noParser).open()) {
      assertThatThrownBy(records::hasNext).isSameAs(failure);
    }
  }

  @Test
  void leavesNoTemporaryFileWhetherReadToTheEndOrNot() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      lines.add(line(i, i % 7));
    }
    assertThat(Reading.texts(lines(lines).inEventTimeOrder(FORMAT, 500))).hasSize(100);
    CallRecords half = lines(lines).inEventTimeOrder(FORMAT, 500).open();
    half.next();
    half.close();
    half.close();
    assertThat(half.hasNext()).isFalse();

    try (Stream<Path> temporary = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertThat(temporary.map(path -> path.getFileName().toString()))
          .noneMatch(name -> name.startsWith(SpillFile.PREFIX));
    }
  }

  @Test
  void memoryBelowOneByteIsRefused() {
    assertThatThrownBy(() -> lines(List.of()).inEventTimeOrder(FORMAT, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 bytes");
  }

  @Test
  void theRealCallsComeInAscendingOrder() {
    CallSource source = CallSource.file(Reading.realCalls()).inEventTimeOrder(FORMAT, 16L << 20);
    CallParser parser = FORMAT.parser(Set.of());
    long last = Long.MIN_VALUE;
    int count = 0;
    try (CallRecords records = source.open()) {
      while (records.hasNext()) {
        ParseResult result = parser.parse(records.next());
        assertThat(result).isInstanceOf(ParseResult.Parsed.class);
        long time = ((ParseResult.Parsed) result).call().epochMillis();
        assertThat(time).isGreaterThanOrEqualTo(last);
        last = time;
        count++;
      }
    }
    assertThat(count).isEqualTo(199_999);
  }
}
