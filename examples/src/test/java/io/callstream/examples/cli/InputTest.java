package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.DataSfCalls;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.TopicReader;
import io.callstream.kafka.contract.TestBroker;
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
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests {@code produce} with various inputs: the records that arrive in the topic, and the
 * messages.
 */
class InputTest {
  private static final AtomicInteger TOPICS = new AtomicInteger();
  private static final List<String> IDS = List.of("1000", "1001", "1002");
  private static final String HEADER =
      "crime_id,original_crime_type_name,call_date_time,disposition,address";

  private static final String BROKERS = TestBroker.cluster().bootstrapServers();

  @TempDir Path directory;

  private final String topic = "input-" + TOPICS.incrementAndGet();

  private Path write(String name, byte[] content) {
    try {
      return Files.write(directory.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path write(String name, String content) {
    return write(name, content.getBytes(UTF_8));
  }

  private static String rows(String delimiter) {
    StringBuilder rows = new StringBuilder(HEADER.replace(",", delimiter) + "\r\n");
    for (int i = 0; i < IDS.size(); i++) {
      rows.append(
          String.join(
                  delimiter,
                  IDS.get(i),
                  "Noise Nuisance",
                  "2018-12-31T23:0" + i + ":00.000",
                  "ADM",
                  "1 Main St")
              + "\r\n");
    }
    return rows.toString();
  }

  private static String lines() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < IDS.size(); i++) {
      lines
          .append("{\"crime_id\": \"" + IDS.get(i))
          .append("\", \"original_crime_type_name\": \"Noise Nuisance\", \"call_date_time\": ")
          .append("\"2018-12-31T23:0" + i + ":00.000\", \"disposition\": \"ADM\"}\n");
    }
    return lines.toString();
  }

  private static byte[] gzip(String content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content.getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] storedZip(String content) throws IOException {
    byte[] stored = content.getBytes(UTF_8);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      ZipEntry entry = new ZipEntry("calls.ndjson");
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(stored.length);
      CRC32 checksum = new CRC32();
      checksum.update(stored);
      entry.setCrc(checksum.getValue());
      zip.putNextEntry(entry);
      zip.write(stored);
    }
    return bytes.toByteArray();
  }

  private CommandRun produce(String... args) {
    return produce(InputStream.nullInputStream(), args);
  }

  private CommandRun produce(InputStream in, String... args) {
    List<String> all = new ArrayList<>(List.of("produce"));
    all.addAll(List.of(args));
    all.addAll(List.of("--bootstrap-servers", BROKERS, "--topic", topic));
    CommandRun run = CommandRun.of(in, StopRequest.none(), all.toArray(String[]::new));
    assertThat(run.err()).doesNotContain("\tat ");
    return run;
  }

  private CommandRun produceFromStandardInput(byte[] content, String... args) {
    List<String> all = new ArrayList<>(List.of("--input", "-"));
    all.addAll(List.of(args));
    return produce(new ByteArrayInputStream(content), all.toArray(String[]::new));
  }

  private List<byte[]> arrived() {
    List<byte[]> values = new ArrayList<>();
    TopicReader.of(TestBroker.cluster(), topic)
        .fromBeginning()
        .read(record -> values.add(record.value()));
    return values;
  }

  /** Returns the ids and times of the calls that arrived. All records must be calls. */
  private List<String> calls(CallFormat format) {
    CallParser parser = format.parser(Set.of(Fields.ID));
    return arrived().stream()
        .map(value -> ((ParseResult.Parsed) parser.parse(value)).call())
        .map(call -> call.id() + " " + call.time())
        .sorted()
        .toList();
  }

  private void assertThreeCalls(CommandRun run) {
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).contains("sent      3 records").doesNotContain("cannot be read");
    assertThat(calls(SanFranciscoCalls.json()))
        .containsExactly(
            "1000 2019-01-01T07:00:00Z", "1001 2019-01-01T07:01:00Z", "1002 2019-01-01T07:02:00Z");
  }

  // ---- the inputs of trials, if they are available

  @ParameterizedTest
  @CsvSource({
    "ndjson-named.json, sf-2018, 3",
    "gzip-named.json, sf-2018, 3",
    "zero-padded.ndjson.gz, sf-2018, 3",
    "stdin.csv, sf-2018, 3",
    "header-with-spaces.csv, sf-2018, 3",
    "semicolons.csv, sf-2018, 3",
    "excel-sep-line.csv, sf-2018, 3",
    "datasf-export-ampm.csv, datasf, 2",
  })
  void inputsOfOutsideTrialsAreRead(String name, String format, int calls) throws IOException {
    Path file = trial(name);
    for (String order : List.of("file", "event-time")) {
      CommandRun run = produce("--input", file.toString(), "--format", format, "--order", order);
      assertThat(run.status()).as(run.err()).isZero();
      assertThat(run.err()).doesNotContain("cannot be read");
    }
    CommandRun piped = produceFromStandardInput(Files.readAllBytes(file), "--format", format);
    assertThat(piped.status()).as(piped.err()).isZero();
    assertThat(calls(format.equals("datasf") ? DataSfCalls.json() : SanFranciscoCalls.json()))
        .hasSize(3 * calls);
  }

  @ParameterizedTest
  @CsvSource({
    "stored.zip, it is a ZIP archive, 0",
    "truncated.ndjson.gz, truncated: the file ends after byte 241, 3"
  })
  void inputsOfOutsideTrialsAreRefusedWithTheReason(String name, String reason, int calls) {
    CommandRun run = produce("--input", trial(name).toString());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains(reason);
    assertThat(calls(SanFranciscoCalls.json())).hasSize(calls);
  }

  private static Path trial(String name) {
    String shared = System.getProperty("callstream.shared", "");
    Path file = Path.of(shared, "trials", name);
    assumeThat(shared.isEmpty() ? Path.of("/nowhere") : file)
        .as("the inputs of trials, below the directory that -Dcallstream.shared names")
        .matches(Files::isReadable, "is there");
    return file;
  }

  // ---- number 15

  @Test
  void csvOnStandardInputIsReadAsCsv() {
    assertThreeCalls(produceFromStandardInput(rows(",").getBytes(UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"calls", "calls.txt", "calls.json", "calls.csv", "calls.ndjson"})
  void csvIsReadAsCsvWhateverItsName(String name) {
    assertThreeCalls(produce("--input", write(name, rows(",")).toString()));
  }

  @Test
  void linesInAFileNamedJsonAreSentUnchanged() {
    assertThreeCalls(produce("--input", write("part-0.json", lines()).toString()));
    assertThat(arrived().stream().map(value -> new String(value, UTF_8)))
        .containsExactlyInAnyOrder(lines().split("\n"));
  }

  @Test
  void aSingleObjectIsRead() {
    String pretty = lines().lines().findFirst().orElseThrow().replace(", ", ",\n  ");
    CommandRun run = produce("--input", write("one.json", pretty).toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(calls(SanFranciscoCalls.json())).containsExactly("1000 2019-01-01T07:00:00Z");
  }

  @Test
  void gzipUnderAnotherNameIsRead() {
    assertThreeCalls(produce("--input", write("calls.json", gzip(lines())).toString()));
  }

  @Test
  void gzipOnStandardInputIsRead() {
    assertThreeCalls(produceFromStandardInput(gzip(rows(","))));
  }

  @Test
  void zeroPaddingAfterGzipIsRead() {
    byte[] gzip = gzip(lines());
    byte[] padded = Arrays.copyOf(gzip, gzip.length + 512);
    assertThreeCalls(produce("--input", write("calls.ndjson.gz", padded).toString()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"calls.zip", "calls.ndjson", "calls"})
  void aZipArchiveIsRefusedAndNothingIsSent(String name) throws IOException {
    Path file = write(name, storedZip(lines()));
    for (CommandRun run :
        List.of(
            produce("--input", file.toString()),
            produce("--input", file.toString(), "--layout", "ndjson"))) {
      assertThat(run.status()).isEqualTo(1);
      assertThat(run.err())
          .contains(
              file
                  + " cannot be read as calls: it is a ZIP archive. Unpack it first, for example"
                  + " with 'unzip -p'");
    }
    assertThat(arrived()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"file", "event-time"})
  void aTruncatedArchiveIsAFailureThatNamesTheByteAndTheRecordsSent(String order) {
    byte[] gzip = gzip(lines());
    Path file = write("calls.ndjson.gz", Arrays.copyOf(gzip, gzip.length - 5));
    CommandRun run = produce("--input", file.toString(), "--order", order);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("cannot be read after record 3")
        .contains("the gzip data is truncated: the file ends after byte " + (gzip.length - 5) + ",")
        .contains("Records that were sent to topic " + topic + " before the failure: 3.");
    assertThat(calls(SanFranciscoCalls.json())).hasSize(3);
  }

  @Test
  void anExplicitLayoutWinsOverContentAndName() {
    Path file = write("calls.csv", rows(","));
    CommandRun run = produce("--input", file.toString(), "--layout", "ndjson");
    assertThat(run.status()).isEqualTo(1);
    assertThat(arrived().stream().map(value -> new String(value, UTF_8)))
        .containsExactlyInAnyOrder(rows(",").split("\r\n"));
    assertThat(run.err())
        .contains("4 of 4 records cannot be read as calls")
        .contains(
            "the first is record 1: not-json, starts with \"crime_id,original_crime_type_name")
        .contains("try       --layout csv");
  }

  @Test
  void anEmptyInputIsReported() {
    CommandRun run = produceFromStandardInput(new byte[0]);
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).contains("input     standard input has no records");
    assertThat(produce("--input", write("a.csv", HEADER + "\n").toString()).err())
        .contains("a.csv has no records");
    CommandRun empty = produce("--input", write("a.json", "").toString());
    assertThat(empty.status()).isEqualTo(1);
    assertThat(empty.err()).contains("it is empty, and a JSON array or object is expected");
  }

  @Test
  void aByteOrderMarkBeforeTheKafkaSettingsIsSkipped() {
    Path settings = write("kafka.properties", "\ufeffbootstrap.servers=" + BROKERS + "\n");
    CommandRun run =
        CommandRun.of(
            "produce", "--synthetic", "1", "--topic", topic, "--kafka-config", settings.toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(arrived()).hasSize(1);
  }

  // ---- number 16

  @Test
  void namesOfColumnsAreTrimmed() {
    String content =
        rows(",").replace(",original_crime_type_name,", ", original_crime_type_name ,");
    assertThreeCalls(produce("--input", write("calls.csv", content).toString()));
  }

  @Test
  void namesOfColumnsInWordsAreThoseOfFields() {
    String content =
        rows(",").replace(HEADER, "Crime Id,Original Crime Type Name,Call Date Time,Disposition,X");
    assertThreeCalls(produce("--input", write("calls.csv", content).toString()));
  }

  @ParameterizedTest
  @ValueSource(strings = {";", "\t", "|"})
  void otherDelimitersAreRecognized(String delimiter) {
    assertThreeCalls(produceFromStandardInput(rows(delimiter).getBytes(UTF_8)));
  }

  @ParameterizedTest
  @ValueSource(strings = {",", ";"})
  void excelsLineIsRecognized(String delimiter) {
    String content = "\ufeffsep=" + delimiter + "\r\n" + rows(delimiter);
    assertThreeCalls(produce("--input", write("calls.csv", content).toString()));
  }

  @ParameterizedTest
  @CsvSource({"file", "event-time"})
  void timesOfThePortalsExportsAreRead(String order) {
    String content =
        "cad_number,received_datetime,call_type_original_desc,disposition\n"
            + "250010002,10/26/2025 11:56:38 PM,NOISE,HAN\n"
            + "250010001,2025/10/26 08:56:38 AM,NOISE,HAN\n"
            + "250010003,10/26/2025 12:00:00 PM,NOISE,HAN\n";
    Path file = write("export.csv", content);
    CommandRun run =
        produce(
            "--input",
            file.toString(),
            "--format",
            "datasf",
            "--order",
            order,
            "--partitions",
            "1");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(calls(DataSfCalls.json()))
        .containsExactly(
            "250010001 2025-10-26T15:56:38Z",
            "250010002 2025-10-27T06:56:38Z",
            "250010003 2025-10-26T19:00:00Z");
    CallParser parser = DataSfCalls.json().parser(Set.of(Fields.ID));
    assertThat(
            arrived().stream().map(value -> ((ParseResult.Parsed) parser.parse(value)).call().id()))
        .containsExactly(
            order.equals("file")
                ? new String[] {"250010002", "250010001", "250010003"}
                : new String[] {"250010001", "250010003", "250010002"});
  }

  @Test
  void rowsWithTooManyOrTooFewFieldsAreReported() {
    String content = rows(",") + "1003,Noise\n1004,Noise,2018-12-31T23:00,ADM,1 Main St, Apt 2\n";
    CommandRun run = produce("--input", write("calls.csv", content).toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err())
        .contains("rows with more or fewer fields than the 5 columns: 2, the first is record 4")
        .contains("1 of 5 records cannot be read as calls of the format sf-2018")
        .contains("1 without a readable time (call_date_time)");
  }

  // ---- number 17

  @Test
  void whatCannotBeReadIsReportedWithTheFirstExample() {
    String content =
        lines()
            + "{\"crime_id\":\"\",\"original_crime_type_name\":\"a\",\"call_date_time\":\"x\"}\n"
            + "{\"crime_id\":\"2\",\"call_date_time\":\"12/31/2018 11:00:00 PM\"}\n"
            + "password: secret\n";
    Path file = write("calls.ndjson", content);
    CommandRun run = produce("--input", file.toString(), "--order", "file");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err())
        .contains(
            "not calls 3 of 6 records cannot be read as calls of the format sf-2018: 2 without an id"
                + " (crime_id), 3 without a readable time (call_date_time), 2 without a type")
        .contains("the first is record 4: blank-field, crime_id");
    assertThat(arrived()).hasSize(6);
  }

  @Test
  void anExampleIsBoundedAndShowsNoSecret() {
    Path file =
        write("secrets", "password=hunter2\n" + "x".repeat(1000) + "\ntoken: abc\n\u001b[31mred\n");
    CommandRun run = produce("--input", file.toString());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("not-json, starts with \"password\"")
        .doesNotContain("hunter2")
        .doesNotContain("\u001b");
  }

  @Test
  void anUnreadableTimeIsShownAndTheOrderOfTheFileSuggested() {
    String content =
        lines().replaceFirst("2018-12-31T23:00:00.000", "12/31/2018 11:00:00 PM " + "x".repeat(99));
    CommandRun run = produce("--input", write("calls.ndjson", content).toString());
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err())
        .contains("1 of 3 records", "1 without a readable time (call_date_time)")
        .contains(
            "unreadable-time, call_date_time is \"12/31/2018 11:00:00 PM xxxxxxxxxxxxxxxxx\"\n")
        .contains("try       --order file");
  }

  @Test
  void theFormatThatWouldHelpIsSuggested() {
    Path today =
        write(
            "today.csv",
            "cad_number,received_datetime,call_type_original_desc\n1,2026-01-01T00:00,NOISE\n");
    CommandRun run = produce("--input", today.toString());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("missing-field, crime_id; its fields are cad_number, received_datetime,")
        .contains("try       --format datasf")
        .contains("None of the 1 records");
    CommandRun other =
        produce("--input", write("a.ndjson", lines()).toString(), "--format", "datasf");
    assertThat(other.status()).isEqualTo(1);
    assertThat(other.err()).contains("try       --format sf-2018");
  }

  @Test
  void theLayoutThatWouldHelpIsSuggested() {
    String array = "[\n" + lines().strip().replace("\n", ",\n") + "\n]\n";
    Path file = write("calls.json", array);
    CommandRun run = produce("--input", file.toString(), "--layout", "ndjson", "--order", "file");
    assertThat(run.status()).as(run.err()).isZero();
    assertThat(run.err()).contains("starts with \"[\"").contains("try       --layout json");
    CommandRun csv = produce("--input", file.toString(), "--layout", "csv");
    assertThat(csv.status()).isEqualTo(1);
    assertThat(csv.err())
        .contains("its first line is JSON, where CSV has the names of the columns")
        .contains("Read it with the layout json or ndjson");
  }

  @Test
  void demoReportsTheSame() {
    List<String> demo = List.of("demo", "--engine", "local", "--no-dashboard", "--input");
    List<String> args = new ArrayList<>(demo);
    args.add(write("people.csv", "name;age\nA;1\nB;2\n").toString());
    CommandRun wrong = CommandRun.of(args.toArray(String[]::new));
    assertThat(wrong.status()).isEqualTo(1);
    assertThat(wrong.err())
        .contains("not calls 2 of 2 records", "None of the 2 records", "its fields are name, age");

    args = new ArrayList<>(demo);
    args.add(write("calls.json", "[\n" + lines().strip().replace("\n", ",\n") + "]").toString());
    args.addAll(List.of("--layout", "json"));
    CommandRun right = CommandRun.of(args.toArray(String[]::new));
    assertThat(right.status()).as(right.err()).isZero();
    assertThat(right.err()).doesNotContain("not calls");
    assertThat(right.out()).contains("Noise Nuisance");
  }
}
