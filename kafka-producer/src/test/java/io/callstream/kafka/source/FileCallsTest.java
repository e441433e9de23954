package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FileCallsTest {
  @TempDir Path dir;

  private Path write(String name, String content) {
    return write(name, content.getBytes(UTF_8));
  }

  private Path write(String name, byte[] content) {
    try {
      return Files.write(dir.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> read(String name, String content) {
    return Reading.texts(CallSource.file(write(name, content)));
  }

  private static byte[] gzip(byte[] content) {
    return packed("gz", content);
  }

  private static byte[] packed(String how, byte[] content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        how.equals("gz") ? new GZIPOutputStream(bytes) : new BZip2CompressorOutputStream(bytes)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] concat(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  /** Reads what can be read, and returns the failure that ends it. */
  private static CallstreamException failureAfter(CallSource source, List<String> before) {
    CallstreamException[] failure = new CallstreamException[1];
    try (CallRecords records = source.open()) {
      assertThatThrownBy(
              () -> {
                while (records.hasNext()) {
                  before.add(new String(records.next(), UTF_8));
                }
              })
          .isInstanceOfSatisfying(CallstreamException.class, e -> failure[0] = e);
      assertThatThrownBy(records::hasNext).isSameAs(failure[0]);
    }
    assertThat(failure[0].code()).isEqualTo(ErrorCode.INPUT_FAILED);
    assertThat(failure[0]).hasMessageContaining(source.name());
    return failure[0];
  }

  @Nested
  class JsonArrays {
    @Test
    void elementsBecomeCompactJsonOfTheSameValues() {
      assertThat(
              read(
                  "a.json",
                  """
                  [
                    { "id" : "1", "text" : "a \\"b\\" \\\\ \\/ \\n \\u00e9 \\u0001 é 😀" },
                    { "n" : [ 1.50, -0, 1E+2, 12345678901234567890.10, 0.1e-7 ] , "n" : {} },
                    [ ], 42, "x", null, true, false, [ [ { } ] ]
                  ]
                  """))
          .containsExactly(
              "{\"id\":\"1\",\"text\":\"a \\\"b\\\" \\\\ / \\n é \\u0001 é 😀\"}",
              "{\"n\":[1.50,-0,1E+2,12345678901234567890.10,0.1e-7],\"n\":{}}",
              "[]",
              "42",
              "\"x\"",
              "null",
              "true",
              "false",
              "[[{}]]");
    }

    @Test
    void halfASurrogatePairStaysEscaped() {
      assertThat(read("a.json", "[\"\\ud83d x\", \"\\ude00\", \"\\ud83d\\ude00\"]"))
          .containsExactly("\"\\uD83D x\"", "\"\\uDE00\"", "\"😀\"");
    }

    @Test
    void anEmptyArrayHasNoRecords() {
      assertThat(read("a.json", " [ ] ")).isEmpty();
    }

    @Test
    void nestingTenThousandDeepAndAMegabyteOfTextPassThrough() {
      String deep = "[".repeat(10_000) + "]".repeat(10_000);
      String large = "\"" + "x".repeat(1 << 20) + "\"";
      String digits = "9".repeat(5_000);
      assertThat(read("a.json", "[" + deep + "," + large + "," + digits + "]"))
          .containsExactly(deep, large, digits);
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "[\"a\",\"b\",",
          "[\"a\",\"b\",{\"c\":",
          "[\"a\",\"b\",\"c",
          "[\"a\",\"b\"",
          "[\"a\",\"b\",oops]",
          "[\"a\",\"b\" \"c\"]",
          "[\"a\",\"b\"] []",
          "[\"a\",\"b\",{\"c\":1]"
        })
    void allBeforeTheDamageIsDeliveredAndThenAClearErrorThrown(String content) {
      List<String> before = new ArrayList<>();
      Path file = write("a.json", content);

      CallstreamException failure = failureAfter(CallSource.file(file), before);

      assertThat(before).containsExactly("\"a\"", "\"b\"");
      assertThat(failure)
          .hasMessageContaining("a.json")
          .hasMessageContaining("beyond record 2")
          .hasMessageContaining("byte ")
          .hasMessageNotContaining("oops");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{\"a\":1}", "oops"})
    void whatIsNoArrayIsRefused(String content) {
      assertThatThrownBy(() -> read("a.json", content))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("beyond record 0")
          .hasMessageNotContaining("oops");
    }
  }

  @Nested
  class Lines {
    @Test
    void areRecordsAsTheyStand() {
      assertThat(read("a.ndjson", "{ \"a\" : 1 }\nnot json\r\n\n  \n[1]\r\r\nlast"))
          .containsExactly("{ \"a\" : 1 }", "not json", "", "  ", "[1]\r", "last");
    }

    @Test
    void theLastLinesEndStartsNoFurtherRecord() {
      assertThat(read("a.jsonl", "a\nb\n")).containsExactly("a", "b");
      assertThat(read("a.jsonl", "a\nb\n\n")).containsExactly("a", "b", "");
      assertThat(read("a.jsonl", "\n")).containsExactly("");
      assertThat(read("a.jsonl", "")).isEmpty();
    }

    @Test
    void keepAnyBytes() {
      byte[] binary = new byte[256 * 3];
      for (int i = 0; i < binary.length; i++) {
        binary[i] = (byte) (i % 256 == '\n' ? 0 : i);
      }
      assertThat(Reading.bytes(CallSource.file(write("a.ndjson", binary)))).containsExactly(binary);
      byte[] likeGzip = {0x1f, (byte) 0x8b, 8, 0};
      assertThat(Reading.bytes(CallSource.file(write("b.ndjson", likeGzip))))
          .containsExactly(likeGzip);
    }

    @Test
    void mayBeLongerThanAnyBuffer() {
      String lines = "x".repeat(70_000) + "\n" + "y".repeat(300_000) + "\r\n" + "z".repeat(65_536);
      assertThat(read("a.ndjson", lines)).containsExactly(lines.split("\r?\n"));
    }

    @Test
    void aFinalCarriageReturnWithoutLineFeedIsContent() {
      assertThat(read("a.ndjson", "a\r\nb\r")).containsExactly("a", "b\r");
    }
  }

  @Nested
  class CommaSeparatedValues {
    @Test
    void rowsBecomeObjectsOfText() {
      assertThat(
              read(
                  "a.csv",
                  "\ufeffid,type,note\r\n1,\"a, \"\"b\"\"\",é\r\n\r\n2,\"two\r\nlines\",\r\n"
                      + "3\r\n4,x,y,z\r\n"))
          .containsExactly(
              "{\"id\":\"1\",\"type\":\"a, \\\"b\\\"\",\"note\":\"é\"}",
              "{\"id\":\"2\",\"type\":\"two\\r\\nlines\",\"note\":\"\"}",
              "{\"id\":\"3\"}",
              "{\"id\":\"4\",\"type\":\"x\",\"note\":\"y\",\"column_4\":\"z\"}");
    }

    @Test
    void aHeaderAloneHasNoRecords() {
      assertThat(read("a.csv", "id,type\n")).isEmpty();
    }

    @Test
    void noHeaderOrTheSameNameTwiceIsRefused() {
      assertThatThrownBy(() -> read("a.csv", "")).hasMessageContaining("names of the columns");
      assertThatThrownBy(() -> read("a.csv", "id,x,id\n1,2,3\n"))
          .hasMessageContaining("column 3")
          .hasMessageContaining("same name");
    }

    @Test
    void brokenQuotesFailAfterTheRowsBefore() {
      List<String> before = new ArrayList<>();
      failureAfter(CallSource.file(write("a.csv", "id\n1\n2\n\"3")), before);
      assertThat(before).containsExactly("{\"id\":\"1\"}", "{\"id\":\"2\"}");
    }

    @Test
    void bytesThatAreNotUtf8FailAfterTheRowsBefore() {
      List<String> before = new ArrayList<>();
      byte[] latin = "id\n1\n2\ncaf\u00e9\n4\n".getBytes(ISO_8859_1);
      CallstreamException failure = failureAfter(CallSource.file(write("a.csv", latin)), before);
      assertThat(before).containsExactly("{\"id\":\"1\"}", "{\"id\":\"2\"}");
      assertThat(failure).hasMessageContaining("not UTF-8").hasMessageContaining("line 4");
    }
  }

  @Nested
  class Packed {
    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2"})
    void filesAreUnpackedMemberByMember(String how) {
      byte[] members =
          concat(packed(how, "a\nb".getBytes(UTF_8)), packed(how, "c\nd\n".getBytes(UTF_8)));
      assertThat(Reading.texts(CallSource.file(write("a.ndjson." + how, members))))
          .containsExactly("a", "bc", "d");
      assertThat(
              Reading.texts(
                  CallSource.file(write("a.json." + how, packed(how, "[1, 2]".getBytes(UTF_8))))))
          .containsExactly("1", "2");
      assertThat(
              Reading.texts(
                  CallSource.file(write("a.CSV." + how, packed(how, "a\n1\n".getBytes(UTF_8))))))
          .containsExactly("{\"a\":\"1\"}");
    }

    @ParameterizedTest
    @CsvSource({"gz,0.5", "gz,0.99", "bz2,0.5", "bz2,0.99"})
    void aFileThatBreaksOffDeliversTheLinesBeforeAndFails(String how, double part) {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < 200_000; i++) {
        lines.add(i + " " + Integer.toHexString(i * 0x9e3779b9));
      }
      byte[] whole = packed(how, (String.join("\n", lines) + "\n").getBytes(UTF_8));
      Path file = write("a.ndjson." + how, Arrays.copyOf(whole, (int) (whole.length * part)));
      List<String> before = new ArrayList<>();

      CallstreamException failure = failureAfter(CallSource.file(file), before);

      assertThat(before).isEqualTo(lines.subList(0, before.size()));
      // A bzip2 block holds 900,000 bytes, and nothing of one that breaks off can be had.
      int possible = (int) (lines.size() * part);
      assertThat(before)
          .hasSizeBetween(
              how.equals("gz") ? possible - 3_000 : possible - 70_000, possible + 3_000);
      assertThat(failure)
          .hasMessageContaining("beyond record " + before.size())
          .hasMessageContaining("of what it unpacks to");
    }

    @Test
    void aDamagedChecksumOrTrailingBytesFailAfterAllRecords() {
      byte[] whole = gzip("a\nb\n".getBytes(UTF_8));
      byte[] damaged = whole.clone();
      damaged[damaged.length - 6] ^= 1;
      for (byte[] content : List.of(damaged, concat(whole, "garbage".getBytes(UTF_8)))) {
        List<String> before = new ArrayList<>();
        failureAfter(CallSource.file(write("a.ndjson.gz", content)), before);
        assertThat(before).containsExactly("a", "b");
      }
    }

    @Test
    void whatIsNotPackedAsItsNameSaysIsRefused() {
      assertThatThrownBy(() -> read("a.json.gz", "[1]"))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("a.json.gz");
      assertThatThrownBy(() -> read("a.json.bz2", "[1]"))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("a.json.bz2");
    }
  }

  @Nested
  class ContentThatTellsItsLayout {
    private List<String> stream(byte[] content) {
      // One byte at a time, as a slow pipe gives them.
      InputStream slow =
          new ByteArrayInputStream(content) {
            @Override
            public synchronized int read(byte[] b, int off, int len) {
              return super.read(b, off, Math.min(len, 1));
            }

            @Override
            public synchronized int available() {
              return 0;
            }
          };
      return Reading.texts(CallSource.stream("a pipe", slow));
    }

    @Test
    void isAnArrayOrLinesAndMayBePacked() {
      assertThat(stream(" \n [1, 2]".getBytes(UTF_8))).containsExactly("1", "2");
      assertThat(stream("{\"a\":1}\n[2]".getBytes(UTF_8))).containsExactly("{\"a\":1}", "[2]");
      assertThat(stream(new byte[0])).isEmpty();
      assertThat(stream("  ".getBytes(UTF_8))).containsExactly("  ");
      for (String how : List.of("gz", "bz2")) {
        assertThat(
                stream(
                    concat(packed(how, "[1,".getBytes(UTF_8)), packed(how, "2]".getBytes(UTF_8)))))
            .containsExactly("1", "2");
      }
      assertThat(read("no-extension", "[1, 2]")).containsExactly("1", "2");
    }

    @Test
    void standardInputIsReadAndLeftOpen() throws IOException {
      InputStream before = System.in;
      InputStream in = new ByteArrayInputStream("[1, 2]".getBytes(UTF_8));
      System.setIn(in);
      try {
        assertThat(Reading.texts(CallSource.standardInput())).containsExactly("1", "2");
        assertThat(CallSource.standardInput().name()).isEqualTo("standard input");
      } finally {
        System.setIn(before);
      }
    }

    @Test
    void canBeOverruled() {
      Path file = write("a.txt", "a\n[1]\n");
      assertThat(Reading.texts(CallSource.file(file, FileLayout.CSV)))
          .containsExactly("{\"a\":\"[1]\"}");
    }

    @Test
    void aStreamIsReadOnce() {
      CallSource source = CallSource.stream("a pipe", new ByteArrayInputStream(new byte[0]));
      assertThat(Reading.texts(source)).isEmpty();
      assertThatThrownBy(source::open).hasMessageContaining("once");
    }
  }

  @Test
  void aMissingFileIsToldBeforeAnythingStarts() {
    assertThatThrownBy(() -> CallSource.file(dir.resolve("none.json")))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED))
        .hasMessageContaining("none.json")
        .hasMessageContaining("no such file");
    assertThatThrownBy(() -> CallSource.file(dir)).hasMessageContaining("directory");
  }

  @Test
  void thereIsNoRecordBehindTheLast() {
    try (CallRecords records = CallSource.file(write("a.ndjson", "a")).open()) {
      assertThat(records.next()).isEqualTo(new byte[] {'a'});
      assertThatThrownBy(records::next).isInstanceOf(NoSuchElementException.class);
    }
  }

  @Test
  void theRealCallsAreReadWithoutLoss() {
    CallSource source = CallSource.file(Reading.realCalls());
    try (CallRecords records = source.open()) {
      int count = 0;
      int smallest = Integer.MAX_VALUE;
      int largest = 0;
      while (records.hasNext()) {
        int size = records.next().length;
        smallest = Math.min(smallest, size);
        largest = Math.max(largest, size);
        count++;
      }
      assertThat(count).isEqualTo(199_999);
      assertThat(smallest).isEqualTo(367);
      assertThat(largest).isEqualTo(476);
    }
  }

  private static final ObjectMapper MAPPER = new ObjectMapper();

  @Property(tries = 300)
  void anyJsonKeepsItsValues(@ForAll("json") List<JsonNode> elements) throws IOException {
    byte[] pretty = MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(elements);
    List<String> read =
        Reading.texts(CallSource.stream("generated", new ByteArrayInputStream(pretty)));
    List<String> expected = new ArrayList<>();
    for (JsonNode element : elements) {
      expected.add(MAPPER.writeValueAsString(element));
    }
    assertThat(read).isEqualTo(expected);
  }

  @Provide
  Arbitrary<List<JsonNode>> json() {
    Arbitrary<JsonNode> leaf =
        Arbitraries.oneOf(
            Arbitraries.strings()
                .all()
                .excludeChars('\0')
                .ofMaxLength(20)
                .filter(text -> text.chars().noneMatch(c -> Character.isSurrogate((char) c)))
                .map(MAPPER.getNodeFactory()::textNode),
            Arbitraries.longs().map(MAPPER.getNodeFactory()::numberNode),
            Arbitraries.doubles().map(MAPPER.getNodeFactory()::numberNode),
            Arbitraries.of(true, false).map(MAPPER.getNodeFactory()::booleanNode));
    return Arbitraries.lazyOf(
            () -> leaf,
            () -> leaf,
            () -> leaf.list().ofMaxSize(3).map(nodes -> MAPPER.createArrayNode().addAll(nodes)),
            () ->
                Arbitraries.maps(Arbitraries.strings().ascii().ofMaxLength(5), leaf)
                    .ofMaxSize(3)
                    .map(nodes -> MAPPER.createObjectNode().setAll(nodes)))
        .list()
        .ofMaxSize(5);
  }
}
