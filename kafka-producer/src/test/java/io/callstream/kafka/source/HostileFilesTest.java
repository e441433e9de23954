package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonValue;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParser.Event;
import jakarta.json.stream.JsonParserFactory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests damaged files. They return the records before the damage and then fail with a count, and
 * none of them is read as something else.
 *
 * <p>{@code -Dcallstream.fuzz.inputs=2000000} sets the number of inputs of a test; tests with
 * compressed files have fewer. {@code -Dcallstream.fuzz.seed} sets the first seed, which a failure
 * reports.
 */
@Tag("campaign")
class HostileFilesTest {
  private static final int INPUTS = Integer.getInteger("callstream.fuzz.inputs", 4_000);
  private static final JsonParserFactory JSON = Json.createParserFactory(Map.of());
  private static final List<String> LINES = Reading.texts(SyntheticCalls.of(12)).stream().toList();

  /** The result of reading a source. */
  private record Outcome(List<byte[]> records, @Nullable CallstreamException failure) {}

  private static Outcome read(byte[] content, Compression packing, FileLayout layout) {
    CallSource source =
        new StreamCalls(
            "input",
            () -> new ByteArrayInputStream(content),
            packing,
            Optional.empty(),
            Optional.of(layout),
            Optional.empty());
    return read(source);
  }

  private static Outcome read(CallSource source) {
    List<byte[]> records = new ArrayList<>();
    try (CallRecords all = source.open()) {
      while (all.hasNext()) {
        records.add(all.next());
      }
      return new Outcome(records, null);
    } catch (CallstreamException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED);
      assertThat(e.getMessage())
          .startsWith(
              e.getCause() instanceof UnreadableSourceException
                  ? "input cannot be read as calls: "
                  : records.isEmpty()
                      ? "input cannot be read at its first record, at "
                      : "input cannot be read after record " + records.size() + ", at ");
      return new Outcome(records, e);
    }
  }

  private static void fuzz(int inputs, byte[][] bases, BiConsumer<byte[], byte[]> check) {
    long first = Long.getLong("callstream.fuzz.seed", new SplittableRandom().nextLong());
    for (int i = 0; i < Math.max(1, inputs); i++) {
      SplittableRandom random = new SplittableRandom(first + i);
      byte[] base = bases[random.nextInt(bases.length)];
      byte[] damaged = damaged(base, random);
      try {
        check.accept(base, damaged);
      } catch (RuntimeException | Error e) {
        throw new AssertionError(
            "-Dcallstream.fuzz.seed="
                + (first + i)
                + " -Dcallstream.fuzz.inputs=1, content "
                + HexFormat.of().formatHex(damaged),
            e);
      }
    }
  }

  private static byte[] damaged(byte[] base, SplittableRandom random) {
    byte[] content = base;
    for (int i = random.nextInt(3); i >= 0; i--) {
      content = damagedOnce(content, random);
    }
    return content;
  }

  private static byte[] damagedOnce(byte[] base, SplittableRandom random) {
    int at = random.nextInt(base.length + 1);
    int to = Math.min(base.length, at + random.nextInt(30));
    byte[] noise =
        switch (random.nextInt(3)) {
          case 0 -> new byte[] {(byte) random.nextInt(256)};
          case 1 -> {
            List<String> words = List.of("[", "]", "{", "}", ",", ":", "\"", "\\", "\n", "\r", "1");
            yield words.get(random.nextInt(words.size())).getBytes(UTF_8);
          }
          default -> Arrays.copyOfRange(base, at, to);
        };
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(Arrays.copyOf(base, at));
    switch (random.nextInt(4)) {
      case 0 -> {
        // The rest is missing.
      }
      case 1 -> out.writeBytes(Arrays.copyOfRange(base, to, base.length));
      case 2 -> {
        out.writeBytes(noise);
        out.writeBytes(Arrays.copyOfRange(base, at, base.length));
      }
      default -> {
        out.writeBytes(noise);
        out.writeBytes(
            Arrays.copyOfRange(base, Math.min(base.length, at + noise.length), base.length));
      }
    }
    return out.toByteArray();
  }

  // ---- lines: every byte has its place

  @Test
  void linesAreRecordsWhateverTheyHold() {
    byte[] base = String.join("\n", LINES).concat("\r\n\r\n\nx\r").getBytes(UTF_8);
    fuzz(
        INPUTS,
        new byte[][] {base, base},
        (whole, damaged) -> {
          Outcome outcome = read(damaged, Compression.NONE, FileLayout.NDJSON);
          assertThat(outcome.failure()).isNull();
          assertThat(outcome.records().stream().map(r -> new String(r, ISO_8859_1)).toList())
              .isEqualTo(lines(new String(damaged, ISO_8859_1)));
        });
  }

  private static List<String> lines(String text) {
    List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
    String last = lines.remove(lines.size() - 1);
    lines.replaceAll(l -> l.endsWith("\r") ? l.substring(0, l.length() - 1) : l);
    if (!last.isEmpty()) {
      lines.add(last);
    }
    return lines;
  }

  @Test
  void damageInTheFirstLineNeverMakesAnotherLayoutOfLines() {
    byte[] first = LINES.get(0).getBytes(UTF_8);
    byte[] rest = ("\n" + String.join("\n", LINES.subList(1, 5)) + "\n").getBytes(UTF_8);
    fuzz(
        INPUTS,
        new byte[][] {first},
        (whole, damaged) -> {
          ByteArrayOutputStream content = new ByteArrayOutputStream();
          content.writeBytes(damaged);
          content.writeBytes(rest);
          String text = content.toString(ISO_8859_1);
          if (text.isBlank() || new String(damaged, ISO_8859_1).indexOf('\n') >= 0) {
            return;
          }
          for (Optional<FileLayout> named :
              List.of(
                  Optional.<FileLayout>empty(),
                  Optional.of(FileLayout.JSON),
                  Optional.of(FileLayout.NDJSON),
                  Optional.of(FileLayout.CSV))) {
            Outcome outcome =
                read(
                    new StreamCalls(
                        "input",
                        () -> new ByteArrayInputStream(content.toByteArray()),
                        Compression.NONE,
                        named,
                        Optional.empty(),
                        Optional.empty()));
            assertThat(outcome.failure()).as("%s", named).isNull();
            assertThat(outcome.records().stream().map(r -> new String(r, ISO_8859_1)).toList())
                .as("%s", named)
                .isEqualTo(lines(text));
          }
        });
  }

  // ---- JSON arrays, against Parsson

  /** The elements that Parsson finds, and whether the whole text is exactly one array. */
  private record Array(List<JsonValue> elements, boolean whole) {
    static Array of(byte[] content) {
      List<JsonValue> elements = new ArrayList<>();
      try (JsonParser json =
          JSON.createParser(
              new StringReader(UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString()))) {
        if (!json.hasNext() || json.next() != Event.START_ARRAY) {
          return new Array(elements, false);
        }
        while (json.hasNext()) {
          if (json.next() == Event.END_ARRAY) {
            return new Array(elements, !json.hasNext());
          }
          elements.add(json.getValue());
        }
        return new Array(elements, false);
      } catch (JsonException | CharacterCodingException | ArithmeticException e) {
        return new Array(elements, false);
      }
    }

    static JsonValue value(byte[] text) {
      try (JsonParser json = JSON.createParser(new StringReader(new String(text, UTF_8)))) {
        json.next();
        JsonValue value = json.getValue();
        assertThat(json.hasNext()).isFalse();
        return value;
      }
    }
  }

  @Test
  void anArrayIsReadAsParssonReadsItOrFails() {
    byte[] compact = ("[" + String.join(",", LINES) + "]").getBytes(UTF_8);
    byte[] spread =
        ("\n[ " + String.join(" ,\n", LINES) + " , 1.50, \"\u00e9\\u0041\", null, [[{}]] ]\n")
            .getBytes(UTF_8);
    fuzz(
        INPUTS,
        new byte[][] {compact, spread},
        (whole, damaged) -> {
          Outcome outcome = read(damaged, Compression.NONE, FileLayout.JSON);
          Array expected = Array.of(damaged);
          assertThat(outcome.failure() == null).as("is an array").isEqualTo(expected.whole());
          List<JsonValue> actual = outcome.records().stream().map(Array::value).toList();
          int both = Math.min(actual.size(), expected.elements().size());
          assertThat(actual.subList(0, both)).isEqualTo(expected.elements().subList(0, both));
          // A last element without a comma after it may be returned or not: one reader checks UTF-8
          // at once, the other while reading.
          if (expected.whole() || !expected.elements().isEmpty()) {
            assertThat(actual.size()).isBetween(both, Math.max(both, expected.elements().size()));
            assertThat(expected.elements().size() - actual.size()).isBetween(-1, 1);
          }
        });
  }

  // ---- CSV

  @Test
  void rowsOfPlainValuesAreCountedOneByOne() {
    String text = "id,type,time\n" + "1,Passing Call,2018-10-02T09:11\r\n".repeat(12) + "\n13,a";
    fuzz(
        INPUTS,
        new byte[][] {text.getBytes(UTF_8), text.replace("1,", "1,\"a \"\"b\n\"").getBytes(UTF_8)},
        (whole, damaged) -> {
          Outcome outcome = read(damaged, Compression.NONE, FileLayout.CSV);
          outcome.records().forEach(row -> assertThat(Array.value(row)).isInstanceOf(Map.class));
          String read = new String(damaged, UTF_8);
          if (outcome.failure() == null && read.indexOf('"') < 0) {
            assertThat(outcome.records().size() + 1L)
                .isEqualTo(read.split("\r\n|\r|\n", -1).length - emptyLines(read));
          }
        });
  }

  private static long emptyLines(String text) {
    return Stream.of(text.split("\r\n|\r|\n", -1)).filter(String::isEmpty).count();
  }

  // ---- packed files

  @ParameterizedTest
  @EnumSource(names = {"GZIP", "BZIP2"})
  void aPackedFileIsReadWholeOrFails(Compression packing) {
    byte[] content = String.join("\n", LINES).getBytes(UTF_8);
    byte[] half = Arrays.copyOf(content, 1_000);
    byte[] first = packed(packing, half);
    ByteArrayOutputStream twice = new ByteArrayOutputStream();
    twice.writeBytes(first);
    twice.writeBytes(packed(packing, Arrays.copyOfRange(content, 1_000, content.length)));
    fuzz(
        INPUTS / (packing == Compression.GZIP ? 5 : 40),
        new byte[][] {packed(packing, content), twice.toByteArray()},
        (whole, damaged) -> {
          Outcome outcome = read(damaged, packing, FileLayout.NDJSON);
          if (outcome.failure() == null && damaged.length > 0) {
            // Nothing shows that a file was truncated between two members, or zeros follow there.
            assertThat(outcome.records().stream().map(r -> new String(r, UTF_8)).toList())
                .isEqualTo(endsLike(damaged, first) ? lines(new String(half, UTF_8)) : LINES);
          }
        });
  }

  /** Returns whether both end with the same checksum and length, except for zeros after them. */
  private static boolean endsLike(byte[] file, byte[] member) {
    String end = withoutZeros(member);
    return withoutZeros(file).endsWith(end.substring(end.length() - 6));
  }

  private static String withoutZeros(byte[] content) {
    return new String(content, ISO_8859_1).replaceFirst("\0+$", "");
  }

  private static byte[] packed(Compression packing, byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        packing == Compression.GZIP
            ? new GZIPOutputStream(bytes)
            : new BZip2CompressorOutputStream(bytes)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  // ---- any content

  @Test
  void anyBytesAreReadOrFail() {
    byte[][] bases = {
      ("[" + LINES.get(0) + "]").getBytes(UTF_8),
      packed(Compression.GZIP, LINES.get(0).getBytes(UTF_8)),
      packed(Compression.BZIP2, LINES.get(0).getBytes(UTF_8)),
      new byte[16]
    };
    fuzz(
        INPUTS / 4,
        bases,
        (whole, damaged) -> {
          Outcome outcome = read(CallSource.stream("input", new ByteArrayInputStream(damaged)));
          Outcome sorted =
              read(
                  CallSource.stream("input", new ByteArrayInputStream(damaged))
                      .inEventTimeOrder(SanFranciscoCalls.json(), 1 << 20));
          assertThat(sorted.records()).hasSize(outcome.records().size());
        });
  }

  // ---- without end

  static Stream<Arguments> filesWithoutEnd() {
    return Stream.of(
        Arguments.of(FileLayout.NDJSON, "", "x"),
        Arguments.of(FileLayout.JSON, "", "["),
        Arguments.of(FileLayout.JSON, "[", "{\"a\":"),
        Arguments.of(FileLayout.JSON, "[\"", "x"),
        Arguments.of(FileLayout.JSON, "[{\"", "x"),
        Arguments.of(FileLayout.JSON, "[1", "1"),
        Arguments.of(FileLayout.JSON, "[[", "1,"),
        Arguments.of(FileLayout.CSV, "", "x"),
        Arguments.of(FileLayout.CSV, "", ","),
        Arguments.of(FileLayout.CSV, "a,b\n", ","),
        Arguments.of(FileLayout.CSV, "a,b\n", "x"),
        Arguments.of(FileLayout.CSV, "a,b\n\"", "\n"));
  }

  /** The time limit guards against endless reading. */
  @ParameterizedTest
  @MethodSource
  void filesWithoutEnd(FileLayout layout, String start, String again) {
    InputStream endless =
        new InputStream() {
          private int at;

          @Override
          public int read() {
            int index = at++;
            return index < start.length()
                ? start.charAt(index)
                : again.charAt((index - start.length() & Integer.MAX_VALUE) % again.length());
          }

          @Override
          public int read(byte[] b, int off, int len) {
            for (int i = 0; i < len; i++) {
              b[off + i] = (byte) read();
            }
            return len;
          }
        };
    CallSource source =
        new StreamCalls(
            "input",
            () -> endless,
            Compression.NONE,
            Optional.empty(),
            Optional.of(layout),
            Optional.empty());
    Outcome outcome = assertTimeoutPreemptively(Duration.ofSeconds(60), () -> read(source));
    assertThat(outcome.failure()).isNotNull();
  }
}
