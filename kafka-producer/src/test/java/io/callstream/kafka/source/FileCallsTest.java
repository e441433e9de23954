package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.SanFranciscoCalls;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
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

  /** Returns a stream whose reads return at most {@code count} bytes. */
  private static InputStream inReadsOf(int count, InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public int read(byte[] b, int off, int len) throws IOException {
        return super.read(b, off, Math.min(len, count));
      }
    };
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

  /** Reads the records before the failure that ends the source, and returns the failure. */
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
          .hasMessageContaining("after record 2")
          .hasMessageContaining("byte ")
          .hasMessageNotContaining("oops");
    }

    @Test
    void aBracketThatDoesNotMatchIsReportedAtOnce() {
      String start = "[{\"a\":\"1\"},{\"a\":1,\"b\":[1,2}";
      String rest = ",{\"a\":\"1\"}".repeat(100_000);
      ByteArrayInputStream all = new ByteArrayInputStream((start + rest).getBytes(UTF_8));
      List<String> before = new ArrayList<>();

      CallstreamException failure =
          failureAfter(CallSource.stream("slow", inReadsOf(80, all)), before);

      assertThat(before).containsExactly("{\"a\":\"1\"}");
      assertThat(failure).hasMessageContaining("this is not JSON");
      assertThat(all.available()).isGreaterThan(rest.length() / 2);
    }

    @Test
    void anElementInManyReadsDoesNotMoveThePlaceOfALaterError() {
      String good = "[\"" + "a".repeat(10_000) + "\",{\"a\":2} ";
      byte[] content = (good + "x]").getBytes(UTF_8);
      InputStream in = inReadsOf(4, new ByteArrayInputStream(content));

      CallSource source = CallSource.stream("slow", in, FileLayout.JSON);
      assertThat(failureAfter(source, new ArrayList<>()))
          .hasMessageContaining("after record 2, at byte " + good.length() + ": this is not JSON");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[{\"a\":1}, \u201cx\u201d]", "[{\"a\":1}, \u00e9]"})
    void anElementThatStartsWithAnotherLetterIsNotJson(String content) {
      List<String> before = new ArrayList<>();
      assertThat(failureAfter(CallSource.file(write("a.json", content)), before))
          .hasMessageContaining("after record 1, at byte 1")
          .hasMessageContaining("this is not JSON");
    }

    @Test
    void aByteOrderMarkInTheArrayIsNotJson() {
      assertThatThrownBy(() -> read("a.json", "[\ufeff{\"a\":1}]"))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("this is not JSON");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "1", "oops"})
    void whatIsNeitherArrayNorObjectIsRefused(String content) {
      assertThatThrownBy(() -> read("a.json", content))
          .isInstanceOf(CallstreamException.class)
          .hasMessageContaining("cannot be read at its first record, at ")
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

    private static final String CALL =
        "{\"crime_id\":\"1\",\"original_crime_type_name\":\"Noise\",\"call_date_time\":\"2\"}";

    @ParameterizedTest
    @ValueSource(strings = {",", ";", "\t", "|"})
    void theDelimiterIsFoundByTheNamesOfTheColumns(String delimiter) {
      String header =
          String.join(delimiter, "crime_id", "original_crime_type_name", "call_date_time");
      String row = String.join(delimiter, "1", "\"Noise\"", "2");
      for (String name : List.of("a.csv", "a.txt")) {
        assertThat(read(name, header + "\n" + row + "\n")).as(name).containsExactly(CALL);
        assertThat(read(name, "sep=" + delimiter + "\r\n" + header + "\r\n" + row))
            .as(name)
            .containsExactly(CALL);
      }
      String unknown = String.join(delimiter, "x", "y") + "\n" + String.join(delimiter, "1", "2");
      assertThat(read("a.csv", unknown)).containsExactly("{\"x\":\"1\",\"y\":\"2\"}");
    }

    @Test
    void emptyLinesBeforeTheHeaderDoNotHideIt() {
      String content = "crime_id;original_crime_type_name;call_date_time\n1;Noise;2\n";
      for (String name : List.of("a.csv", "a.txt")) {
        assertThat(read(name, "\n\r\n" + content)).as(name).containsExactly(CALL);
        assertThat(read(name, "\nsep=;\n\n" + content)).as(name).containsExactly(CALL);
      }
      Path file = write("b.csv", "\nsep=,\n\nid,b\n1,2\n3,\"4\n");
      assertThat(failureAfter(CallSource.file(file), new ArrayList<>()))
          .hasMessageContaining("quotes that start in line 6");
    }

    @Test
    void namesAreTrimmedAndThoseInWordsAreThoseOfFields() {
      assertThat(
              read("a.csv", "Crime Id, Original  Crime Type Name ,\"CALL DATE TIME\"\n1,Noise,2\n"))
          .containsExactly(CALL);
      // Values are not trimmed, and names that are not fields of calls are kept.
      assertThat(read("a.csv", " x , Address\n 1, y \n"))
          .containsExactly("{\"x\":\" 1\",\"Address\":\" y \"}");
    }

    @Test
    void anUnclearDelimiterIsRefused() {
      assertThatThrownBy(() -> read("a.csv", "x;y|z\n"))
          .hasMessageContaining("cannot be read as calls")
          .hasMessageContaining("several other delimiters");
      assertThatThrownBy(() -> read("a.csv", "sep=#\nx#y\n"))
          .hasMessageContaining("'sep=', sets a delimiter that is not a comma");
      assertThatThrownBy(() -> read("a.csv", "\"crime_id\", \"call_date_time\"\n"))
          .hasMessageContaining("the name of column 2 has white space before its quotes");
      Path lines = write("lines", "{\"a\":1}\n");
      assertThatThrownBy(() -> Reading.texts(CallSource.file(lines, FileLayout.CSV)))
          .hasMessageContaining("its first line is JSON, where CSV has the names of the columns");
      assertThatThrownBy(() -> read("a.csv", "crime_id,Crime Id\n"))
          .hasMessageContaining("two columns have the same name, the second is column 2");
    }

    @Test
    void rowsWithMoreOrFewerFieldsAreRemarked() {
      Path file = write("a.csv", "a,b\n1,2\n3\n4,5,6\n7,8\n");
      for (CallSource source :
          List.of(
              CallSource.file(file),
              CallSource.file(file).inEventTimeOrder(SanFranciscoCalls.json()))) {
        try (CallRecords records = source.open()) {
          records.next();
          records.forEachRemaining(record -> {});
          assertThat(records.remarks())
              .containsExactly(
                  "rows with more or fewer fields than the 2 columns: 2, the first is record 2");
        }
      }
      try (CallRecords records = CallSource.file(write("b.csv", "a,b\n1,2\n")).open()) {
        records.forEachRemaining(record -> {});
        assertThat(records.remarks()).isEmpty();
      }
    }

    @Test
    void aFileThatEndsInsideQuotesIsReportedWithTheLineOfTheQuotes() {
      List<String> before = new ArrayList<>();
      Path file = write("a.csv", "sep=,\nid,b\n1,2\n3,\"4\n5,6\n");
      assertThat(failureAfter(CallSource.file(file), before))
          .hasMessageContaining(
              "the file ends inside quotes that start in line 4. It is truncated");
      assertThat(before).containsExactly("{\"id\":\"1\",\"b\":\"2\"}");
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
    void aFileThatBreaksOffDeliversTheLinesBeforeAndFails(String how, double part)
        throws IOException {
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < 200_000; i++) {
        lines.add(i + " " + Integer.toHexString(i * 0x9e3779b9));
      }
      byte[] whole = packed(how, (String.join("\n", lines) + "\n").getBytes(UTF_8));
      Path file = write("a.ndjson." + how, Arrays.copyOf(whole, (int) (whole.length * part)));
      List<String> before = new ArrayList<>();

      CallstreamException failure = failureAfter(CallSource.file(file), before);

      assertThat(before).isEqualTo(lines.subList(0, before.size()));
      // A bzip2 block has 900,000 bytes, and a truncated block returns none of them.
      int possible = (int) (lines.size() * part);
      assertThat(before)
          .hasSizeBetween(
              how.equals("gz") ? possible - 3_000 : possible - 70_000, possible + 3_000);
      assertThat(failure)
          .hasMessageContaining("after record " + before.size())
          .hasMessageContaining(
              "of the unpacked content: the "
                  + (how.equals("gz") ? "gzip" : "bzip2")
                  + " data is truncated: the file ends after byte "
                  + Files.size(file));
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
      for (String name : List.of("a.json.gz", "a.json.bz2")) {
        assertThatThrownBy(() -> read(name, "[1]"))
            .isInstanceOfSatisfying(
                CallstreamException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED))
            .hasMessageContaining(name)
            .hasMessageContaining("its name ends with " + name.substring(6));
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2"})
    void theContentTellsHowAFileIsPackedWhateverItsName(String how) {
      byte[] lines = packed(how, "{\"a\":1}\n{\"a\":2}\n".getBytes(UTF_8));
      for (String name : List.of("a.json", "a.ndjson", "a", "a.gz", "a.bz2", "a.csv")) {
        assertThat(Reading.texts(CallSource.file(write(name, lines))))
            .as(name)
            .containsExactly("{\"a\":1}", "{\"a\":2}");
        assertThat(Reading.texts(CallSource.file(write(name, lines), FileLayout.NDJSON)))
            .as(name)
            .hasSize(2);
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2"})
    void zeroBytesAfterAMemberArePadding(String how) {
      byte[] member = packed(how, "a\n".getBytes(UTF_8));
      for (int zeros : List.of(1, 2, 3, 512, 100_000)) {
        byte[] padded = concat(member, new byte[zeros]);
        assertThat(Reading.texts(CallSource.file(write("a.ndjson." + how, padded))))
            .containsExactly("a");
        assertThat(Reading.texts(CallSource.file(write("a.ndjson." + how, concat(padded, member)))))
            .containsExactly("a", "a");
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2"})
    void otherBytesAfterAMemberFailAfterAllRecordsAndAreLocated(String how) {
      byte[] member = packed(how, "a\nb\n".getBytes(UTF_8));
      for (String tail : List.of("garbage", "\0\0\0\0garbage", "\u001f\u001f", "{\"a\":1}\n")) {
        List<String> before = new ArrayList<>();
        byte[] content = concat(member, tail.getBytes(UTF_8));
        CallstreamException failure =
            failureAfter(CallSource.file(write("a.ndjson." + how, content)), before);
        assertThat(before).containsExactly("a", "b");
        int zeros = (int) tail.chars().takeWhile(c -> c == 0).count();
        assertThat(failure)
            .hasMessageContaining("after record 2")
            .hasMessageContaining("is followed by something else")
            .hasMessageContaining("from byte " + (member.length + zeros) + " of the file on");
      }
    }

    @Test
    void everyTruncationOfGzipIsReported() {
      byte[] whole = gzip("a\nb\n".getBytes(UTF_8));
      for (int length = 3; length < whole.length; length++) {
        List<String> before = new ArrayList<>();
        Path file = write("a.ndjson", Arrays.copyOf(whole, length));
        CallstreamException failure = failureAfter(CallSource.file(file), before);
        assertThat(List.of("a", "b").subList(0, before.size())).isEqualTo(before);
        assertThat(failure)
            .hasMessageContaining("truncated: the file ends after byte " + length + ",");
      }
    }

    @Test
    void everyTruncationOfBzip2IsReported() {
      byte[] whole = packed("bz2", "a\nb\n".getBytes(UTF_8));
      for (int length = 10; length < whole.length; length++) {
        List<String> before = new ArrayList<>();
        Path file = write("a.ndjson", Arrays.copyOf(whole, length));
        CallstreamException failure = failureAfter(CallSource.file(file), before);
        assertThat(failure)
            .hasMessageContaining("truncated: the file ends after byte " + length + ",");
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2"})
    void aFileThatEndsWithinTheFirstBytesIsReportedAsTruncated(String how) {
      for (byte[] content : List.of("a\nb\n".getBytes(UTF_8), new byte[0])) {
        byte[] whole = packed(how, content);
        for (int length = 1; length < whole.length; length++) {
          Path file = write("a.ndjson." + how, Arrays.copyOf(whole, length));
          CallstreamException failure = failureAfter(CallSource.file(file), new ArrayList<>());
          assertThat(failure)
              .hasMessageContaining("truncated: the file ends after byte " + length + ",");
        }
      }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "bz2"})
    void aFurtherMemberThatIsTruncatedIsReported(String how) {
      byte[] whole = packed(how, "a\nb\n".getBytes(UTF_8));
      for (int length = 1; length < whole.length; length++) {
        Path file = write("a.ndjson." + how, concat(whole, Arrays.copyOf(whole, length)));
        List<String> before = new ArrayList<>();
        CallstreamException failure = failureAfter(CallSource.file(file), before);
        assertThat(before).startsWith("a", "b");
        assertThat(failure)
            .hasMessageContaining(
                "truncated: the file ends after byte " + (whole.length + length) + ",");
      }
    }

    @Test
    void theOptionalPartsOfAGzipHeaderAreSkipped() {
      byte[] plain = gzip("a\n".getBytes(UTF_8));
      ByteArrayOutputStream content = new ByteArrayOutputStream();
      content.writeBytes(new byte[] {0x1f, (byte) 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3});
      content.writeBytes(new byte[] {2, 0, 'x', 'y'});
      content.writeBytes("name\0comment\0".getBytes(UTF_8));
      content.writeBytes(new byte[] {1, 2});
      content.write(plain, 10, plain.length - 10);
      assertThat(Reading.texts(CallSource.file(write("a", content.toByteArray()))))
          .containsExactly("a");
    }

    @Test
    void anEmptyMemberHasNoRecords() {
      for (String how : List.of("gz", "bz2")) {
        byte[] empty = packed(how, new byte[0]);
        assertThat(Reading.texts(CallSource.file(write("a.ndjson", empty)))).isEmpty();
        assertThat(
                Reading.texts(
                    CallSource.file(
                        write("a.ndjson", concat(empty, packed(how, "a".getBytes(UTF_8)))))))
            .containsExactly("a");
      }
    }
  }

  @Nested
  class ForeignKinds {
    private void assertRefused(String kind, byte[] content) {
      for (Path file : List.of(write("a.ndjson", content), write("a.csv", gzip(content)))) {
        for (CallSource source :
            List.of(CallSource.file(file), CallSource.file(file, FileLayout.NDJSON))) {
          assertThatThrownBy(source::open)
              .isInstanceOfSatisfying(
                  CallstreamException.class,
                  e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT_FAILED))
              .hasMessageStartingWith(file + " cannot be read as calls: it is " + kind + ". ");
        }
      }
    }

    private byte[] zip(String entry) throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
        zip.putNextEntry(new ZipEntry(entry));
        zip.write("{\"a\":1}\n".getBytes(UTF_8));
      }
      return bytes.toByteArray();
    }

    @Test
    void areRefusedByNameWhateverTheLayout() throws IOException {
      assertRefused("a ZIP archive", zip("calls.ndjson"));
      assertRefused("an Excel workbook", zip("[Content_Types].xml"));
      assertRefused("an empty ZIP archive", bytes("504b0506000000"));
      assertRefused("xz data", bytes("fd377a585a000004"));
      assertRefused("Zstandard data", bytes("28b52ffd2400"));
      assertRefused("LZ4 data", bytes("04224d186440"));
      assertRefused("a 7z archive", bytes("377abcaf271c0004"));
      assertRefused("a RAR archive", bytes("526172211a0700"));
      assertRefused("a Parquet file", bytes("504152311500"));
      assertRefused("an ORC file", bytes("4f52430802"));
      assertRefused("an Avro file", bytes("4f626a0104"));
      assertRefused("an Excel workbook of the old format (.xls)", bytes("d0cf11e0a1b11ae1"));
      byte[] tar = new byte[1024];
      System.arraycopy("calls.ndjson".getBytes(UTF_8), 0, tar, 0, 12);
      System.arraycopy("ustar".getBytes(UTF_8), 0, tar, 257, 5);
      assertRefused("a tar archive", tar);
    }

    @Test
    void textInUtf16OrUtf32IsRefused() {
      for (String charset : List.of("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")) {
        for (String text : List.of("{\"a\":1}\r\n", "[{}]", "crime_id,call_date_time\n")) {
          for (String mark : List.of("", "\ufeff")) {
            assertRefused(
                charset.substring(0, 6) + " text",
                (mark + text).getBytes(Charset.forName(charset)));
          }
        }
      }
    }

    @Test
    void contentThatIsCompressedTwiceIsRefused() {
      assertThatThrownBy(() -> CallSource.file(write("a.gz", gzip(gzip(new byte[1])))).open())
          .hasMessageContaining("it is compressed twice");
    }

    @Test
    void linesThatStartLikeOneAreRecords() {
      for (String line : List.of("PK", "PARSED", "ORCHID", "Rar!", "Object", "7z", "BZh9", "\0a")) {
        assertThat(read("a.ndjson", line + "\n{}\n")).containsExactly(line, "{}");
      }
    }

    private byte[] bytes(String hex) {
      return HexFormat.of().parseHex(hex);
    }
  }

  @Nested
  class ContentThatTellsItsLayout {
    private List<String> stream(byte[] content) {
      // One byte at a time, as from a slow pipe.
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

    @ParameterizedTest
    @ValueSource(strings = {",", ";", "|", "\t"})
    void aLineOfJsonInAQuotedCellIsPartOfTheCell(String delimiter) {
      String rows =
          "note_payload\n1_\"first\n{}\nlast \"\"1\"\"\"\n\"{}\n{}\n{}\"_\"[\n{\"\"a\"\":1}\n]\"\r\n";
      assertThat(read("a.csv", rows.replace("_", delimiter)))
          .containsExactly(
              "{\"note\":\"1\",\"payload\":\"first\\n{}\\nlast \\\"1\\\"\"}",
              "{\"note\":\"{}\\n{}\\n{}\",\"payload\":\"[\\n{\\\"a\\\":1}\\n]\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"a\":1}", "a\":1}", "1,\"b\":2}", "\"", "x,\"y", "\"a\",b\"}"})
    void aDamagedFirstLineWithQuotesIsALine(String damaged) {
      assertThat(read("a.csv", damaged + "\n{\"a\":2}\n{}\n"))
          .containsExactly(damaged, "{\"a\":2}", "{}");
    }

    private static final String LINES = "{\"a\":1}\n{\"a\":2}\n";

    @ParameterizedTest
    @ValueSource(strings = {"a.json", "a.ndjson", "a.csv", "a.txt"})
    void decidesWhateverTheNameIs(String name) {
      assertThat(read(name, LINES)).containsExactly("{\"a\":1}", "{\"a\":2}");
      assertThat(read(name, "{ \"a\" : 1 }")).containsExactly("{ \"a\" : 1 }");
      assertThat(read(name, "\ufeff{ \"a\" : 1 }\r\n")).containsExactly("{ \"a\" : 1 }");
      assertThat(read(name, "{\n  \"a\" : 1\n}")).containsExactly("{\"a\":1}");
      assertThat(read(name, "{\n \"a\" : [1, {}]\n}\n\n{\n \"a\" : 2\n}{\"a\":3}"))
          .containsExactly("{\"a\":[1,{}]}", "{\"a\":2}", "{\"a\":3}");
      assertThat(read(name, "\ufeff\n [{\"a\":1}, {\"a\":2}]\n"))
          .containsExactly("{\"a\":1}", "{\"a\":2}");
      assertThat(read(name, "[\n{\"a\":1},\n{\"a\":2}\n]"))
          .containsExactly("{\"a\":1}", "{\"a\":2}");
      assertThat(read(name, "crime_id,call_date_time\n1,2\n"))
          .containsExactly("{\"crime_id\":\"1\",\"call_date_time\":\"2\"}");
      assertThat(read(name, "crime_id,call_date_time")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "oops",
          "{\"crime_id\": \"1\", \"call",
          "{\"crime_id\": \"1\",",
          "{\"crime_id\":",
          "{\"crime_id\": \"1\"",
          "{\"crime_id\": \"1\"}}",
          "{\"crime_id\": \"1\"} oops",
          "[1]",
          "[{\"a\":1}]",
          "[{\"a\":1}",
          "[",
          "{\0\"a\":1}",
          "[\0{\"a\":1}",
          "\"text\"",
          "1",
          "crime_id,call_date_time",
          "sep=;",
          ",;",
        })
    void aDamagedFirstLineStaysALine(String garbage) {
      for (String name : List.of("a.ndjson", "a.json", "a.csv", "a.txt")) {
        assertThat(read(name, garbage + "\n" + LINES))
            .as(name)
            .containsExactly(garbage, "{\"a\":1}", "{\"a\":2}");
      }
    }

    @Test
    void withoutADecisionIsThatOfTheName() {
      assertThat(read("a.ndjson", "[1, 2]")).containsExactly("[1, 2]");
      assertThat(read("a.json", "[1, 2]")).containsExactly("1", "2");
      assertThat(read("a.txt", "[1, 2]")).containsExactly("1", "2");
      assertThat(read("a.csv", "x,y\n1,2\n")).containsExactly("{\"x\":\"1\",\"y\":\"2\"}");
      assertThat(read("a.txt", "x,y\n1,2\n")).containsExactly("x,y", "1,2");
      assertThat(read("a.txt", "{\"a\":\n")).containsExactly("{\"a\":");
      assertThat(read("a.ndjson", "")).isEmpty();
      assertThatThrownBy(() -> read("a.json", "")).hasMessageContaining("it is empty");
      assertThatThrownBy(() -> read("a.csv", "")).hasMessageContaining("it is empty");
    }

    @Test
    void isStillAnArrayIfItIsDamaged() {
      for (String name : List.of("a.json", "a.txt")) {
        for (String content :
            List.of(
                "[\n{\"a\":1},\n{\"a\":2,\n{\"a\":3}\n]\n",
                "[{\"a\":1},\n{oops},\n{\"a\":3}]",
                "[{\"a\":1},\n{\"a\":",
                "[{\"a\":1},")) {
          List<String> before = new ArrayList<>();
          CallstreamException failure = failureAfter(CallSource.file(write(name, content)), before);
          assertThat(before).as(content).containsExactly("{\"a\":1}");
          assertThat(failure).hasMessageContaining("after record 1, at byte ");
        }
      }
    }

    @Test
    void ofATruncatedObjectIsReported() {
      List<String> before = new ArrayList<>();
      Path file = write("a.txt", "{\n\"a\":1\n}\n{\n\"a\":2");
      assertThat(failureAfter(CallSource.file(file), before))
          .hasMessageContaining("after record 1, at byte 17: the text is truncated");
      assertThat(before).containsExactly("{\"a\":1}");
    }

    @Test
    void aNameThatIsNotUtf8IsNoTruncation() {
      byte[] name = "{\"a\u00e9:\"1\"}\n{\"a\":2}\n".getBytes(ISO_8859_1);
      assertThat(Reading.bytes(CallSource.file(write("a.txt", name)))).hasSize(2);
      byte[] array = "[{\"a\":1},{\"a\u00e9:\"1\"}]".getBytes(ISO_8859_1);
      assertThat(failureAfter(CallSource.file(write("a.json", array)), new ArrayList<>()))
          .hasMessageContaining("this is not JSON");
    }

    @Test
    void isSoughtInABoundedPart() {
      String value = "x".repeat(100_000);
      String object = "{\"a\":\"" + value + "\"}";
      assertThat(read("a.txt", object + "\n" + LINES)).hasSize(3);
      assertThat(read("a.json", object + "\n" + object)).containsExactly(object, object);
      assertThat(read("a.ndjson", "[" + object + ",{}]")).hasSize(1);
      assertThat(read("a.ndjson", "[{}," + object + "]")).containsExactly("{}", object);
      assertThat(read("a.txt", "{\n\"a\":\"" + value + "\"}")).containsExactly(object);
      assertThat(read("a.txt", " ".repeat(100_000) + "\n{}")).hasSize(2);
    }

    @Test
    void awaitsNoMoreOfAPipeThanTheFirstLine() throws IOException {
      try (PipedOutputStream out = new PipedOutputStream();
          PipedInputStream in = new PipedInputStream(out, 1 << 16)) {
        out.write("{\"a\":1}\n".getBytes(UTF_8));
        byte[] first =
            assertTimeoutPreemptively(
                Duration.ofSeconds(30),
                () -> {
                  CallRecords records = CallSource.stream("a pipe", in).open();
                  return records.next();
                });
        assertThat(new String(first, UTF_8)).isEqualTo("{\"a\":1}");
      }
    }

    @Test
    void canBeOverruled() {
      Path file = write("a.txt", "a\n[1]\n");
      assertThat(Reading.texts(CallSource.file(file, FileLayout.CSV)))
          .containsExactly("{\"a\":\"[1]\"}");
      Path lines = write("a.csv", "{ \"a\":1}\n{\"a\":2}\n");
      assertThat(Reading.texts(CallSource.file(lines, FileLayout.JSON)))
          .containsExactly("{\"a\":1}", "{\"a\":2}");
      Path array = write("a.json", "[\n{}]");
      assertThat(Reading.texts(CallSource.file(array, FileLayout.NDJSON)))
          .containsExactly("[", "{}]");
      assertThat(
              Reading.texts(
                  CallSource.stream(
                      "a pipe",
                      new ByteArrayInputStream("[\n{}]".getBytes(UTF_8)),
                      FileLayout.NDJSON)))
          .containsExactly("[", "{}]");
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
