package io.callstream.examples.embedding;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import io.callstream.engine.Engines;
import io.callstream.engine.RunOptions;
import io.callstream.engine.RunningPipeline;
import io.callstream.kafka.contract.TestBroker;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Statistic;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the format of Avro records, with a small server that speaks the registry's protocol. */
class AvroCallsTest {
  private static final int OURS = 1;
  private static final int NEWER = 700;
  private static final Call CALL =
      Call.builder("17", "FIRE", Instant.parse("2024-05-01T10:00:00Z"))
          .with(Fields.RECEIVED, Instant.parse("2024-05-01T10:00:00Z"))
          .with(Fields.PRIORITY, "A")
          .build();

  /** The schema with another order of fields and one that the format does not read. */
  private static final Schema NEWER_SCHEMA =
      new Schema.Parser()
          .parse(
              """
              {"type": "record", "name": "Call", "fields": [
                {"name": "received", "type": "long"},
                {"name": "unit", "type": "string"},
                {"name": "type", "type": "string"},
                {"name": "id", "type": "string"}]}
              """);

  private final HttpServer registry = registry(0);

  @TempDir Path directory;

  private static HttpServer registry(int port) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
      Map<String, Schema> schemas =
          Map.of("/schemas/ids/" + OURS, AvroCalls.SCHEMA, "/schemas/ids/" + NEWER, NEWER_SCHEMA);
      server.createContext(
          "/",
          exchange -> {
            Schema schema = schemas.get(exchange.getRequestURI().getPath());
            byte[] body =
                schema == null
                    ? "{\"error_code\":40403,\"message\":\"Schema not found\"}".getBytes(UTF_8)
                    : new ObjectMapper().writeValueAsBytes(Map.of("schema", schema.toString()));
            exchange.sendResponseHeaders(schema == null ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      server.start();
      return server;
    } catch (java.io.IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterEach
  void stopRegistry() {
    registry.stop(0);
  }

  private URI address() {
    return URI.create("http://127.0.0.1:" + registry.getAddress().getPort());
  }

  private static byte[] newer(String id, String type, Instant received) throws Exception {
    GenericRecord record = new GenericData.Record(NEWER_SCHEMA);
    record.put("received", received.toEpochMilli());
    record.put("unit", "E17");
    record.put("type", type);
    record.put("id", id);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(ByteBuffer.allocate(5).put((byte) 0).putInt(NEWER).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<GenericRecord>(NEWER_SCHEMA).write(record, encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  private static RejectionReason reason(AvroCalls format, byte[] value) {
    ParseResult result = format.parser(Set.of()).parse(value);
    assertThat(result).isInstanceOf(Rejected.class);
    return ((Rejected) result).reason();
  }

  @Test
  void readsWhatItWritesWithAndWithoutARegistry() {
    for (AvroCalls format :
        List.of(AvroCalls.withoutRegistry(), AvroCalls.withRegistry(address(), OURS))) {
      assertThat(format.parser(Set.of()).parse(format.write(CALL))).isEqualTo(new Parsed(CALL));
    }
  }

  @Test
  void rejectsWhatIsNotAvroOrHasAnUnknownSchema() {
    AvroCalls registered = AvroCalls.withRegistry(address(), OURS);
    byte[] unknown = AvroCalls.withRegistry(address(), 3).write(CALL);
    assertThat(reason(registered, unknown).code()).isEqualTo("unknown-schema");
    assertThat(reason(registered, new byte[0]).code()).isEqualTo("not-avro");
    assertThat(reason(registered, "{\"id\":\"17\"}".getBytes(UTF_8)).code()).isEqualTo("not-avro");
    byte[] whole = AvroCalls.withoutRegistry().write(CALL);
    byte[] cut = java.util.Arrays.copyOf(whole, 6);
    assertThat(reason(AvroCalls.withoutRegistry(), cut).code()).isEqualTo("not-avro");
  }

  @Test
  @Tag("thorough")
  void theLocalEngineCountsAvroCallsAndSurvivesAnOutageOfTheRegistry() throws Exception {
    countsAndSurvivesAnOutageOfTheRegistry("local");
  }

  @Test
  @Tag("thorough")
  void sparkCountsAvroCallsAndSurvivesAnOutageOfTheRegistry() throws Exception {
    countsAndSurvivesAnOutageOfTheRegistry("spark");
  }

  private void countsAndSurvivesAnOutageOfTheRegistry(String engine) throws Exception {
    AvroCalls format = AvroCalls.withRegistry(address(), OURS);
    Instant noon = Instant.parse("2024-05-01T12:00:00Z");
    KafkaTopic topic = TestBroker.topic(1);
    send(topic, format.write(CALL), newer("18", "FIRE", noon), new byte[] {0, 0, 0, 0, 3});
    Pipeline pipeline =
        Pipeline.builder(topic, format)
            .statistic(
                Statistic.named("by-type-and-agency")
                    .by(Dimensions.CRIME_TYPE, Dimension.of("agency", Fields.AGENCY))
                    .build())
            .build();
    RunOptions options = RunOptions.bounded().checkpointingTo(directory.toString());
    assertThat(counted(engine, pipeline, options)).containsExactly("FIRE  SFFD  2");

    int port = registry.getAddress().getPort();
    registry.stop(0);
    send(topic, newer("19", "MEDICAL", noon));
    try (RunningPipeline run = Engines.named(engine).start(pipeline, options)) {
      assertThatThrownBy(run::awaitTermination)
          .isInstanceOfSatisfying(
              CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
          .hasMessageContainingAll("The schema registry at " + address(), "schema 700");
    }

    HttpServer again = registry(port);
    try {
      assertThat(counted(engine, pipeline, options))
          .containsExactly("FIRE  SFFD  2", "MEDICAL  SFFD  1");
    } finally {
      again.stop(0);
    }
  }

  private static List<String> counted(String engine, Pipeline pipeline, RunOptions options)
      throws InterruptedException {
    try (RunningPipeline run = Engines.named(engine).start(pipeline, options)) {
      run.awaitTermination();
      assertThat(run.accounting().rejected()).isEqualTo(1);
      return run.results("by-type-and-agency").rows().stream().map(ResultRow::toString).toList();
    }
  }

  private static void send(KafkaTopic topic, byte[]... values) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", topic.bootstrapServers()),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (byte[] value : values) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic.name(), value);
        record.headers().add(AvroCalls.AGENCY, "SFFD".getBytes(UTF_8));
        producer.send(record);
      }
    }
  }
}
