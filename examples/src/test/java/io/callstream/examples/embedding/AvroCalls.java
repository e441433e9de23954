package io.callstream.examples.embedding;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.ParseResult.Parsed;
import io.callstream.call.ParseResult.Rejected;
import io.callstream.call.RejectionReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.jspecify.annotations.Nullable;

/**
 * A custom format: calls as Avro records, with or without a schema registry. The agency of a call
 * is in a header of its record.
 *
 * <p>With a registry, a record has a zero byte, the id of its schema in four bytes, and the data,
 * as Confluent's serializer writes it. The schema can have more fields than {@link #SCHEMA}.
 */
public final class AvroCalls implements CallFormat {
  /** The fields that this format reads. */
  public static final Schema SCHEMA =
      new Schema.Parser()
          .parse(
              """
              {"type": "record", "name": "Call", "fields": [
                {"name": "id", "type": "string"},
                {"name": "type", "type": "string"},
                {"name": "received", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "priority", "type": ["null", "string"], "default": null}]}
              """);

  /** The header that names the agency. */
  public static final String AGENCY = "agency";

  private static final long serialVersionUID = 1L;
  private static final RejectionReason NOT_AVRO = RejectionReason.of("not-avro");
  private static final RejectionReason UNKNOWN_SCHEMA = RejectionReason.of("unknown-schema");
  private static final int PREFIX = 5;

  private final @Nullable URI registry;
  private final int schemaId;

  private AvroCalls(@Nullable URI registry, int schemaId) {
    this.registry = registry;
    this.schemaId = schemaId;
  }

  /** Returns the format of records that have {@link #SCHEMA} and no prefix. */
  public static AvroCalls withoutRegistry() {
    return new AvroCalls(null, 0);
  }

  /**
   * Returns the format of records with the schemas of a registry.
   *
   * @param schemaId the id of {@link #SCHEMA}, with which calls are written
   */
  public static AvroCalls withRegistry(URI registry, int schemaId) {
    return new AvroCalls(registry, schemaId);
  }

  @Override
  public String name() {
    return "avro";
  }

  @Override
  public String definition() {
    return "avro " + SCHEMA + (registry == null ? "" : " in a registry");
  }

  @Override
  public ZoneId zone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Set<Field<?>> fields() {
    return Set.of(Fields.ID, Fields.TYPE, Fields.RECEIVED, Fields.PRIORITY, Fields.AGENCY);
  }

  @Override
  public String timeField() {
    return "received";
  }

  @Override
  public CallParser parser(Set<Field<?>> fields) {
    return new Parser(registry);
  }

  @Override
  public byte[] write(Call call) {
    GenericRecord record = new GenericData.Record(SCHEMA);
    record.put("id", call.id());
    record.put("type", call.type());
    record.put("received", call.epochMillis());
    record.put("priority", call.isPresent(Fields.PRIORITY) ? call.text(Fields.PRIORITY) : null);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    if (registry != null) {
      bytes.writeBytes(ByteBuffer.allocate(PREFIX).put((byte) 0).putInt(schemaId).array());
    }
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    try {
      new GenericDatumWriter<GenericRecord>(SCHEMA).write(record, encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static final class Parser implements CallParser {
    private final @Nullable URI registry;
    private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
    private final HttpClient client = HttpClient.newHttpClient();
    private @Nullable BinaryDecoder decoder;

    Parser(@Nullable URI registry) {
      this.registry = registry;
    }

    @Override
    public ParseResult parse(CallRecord record) {
      byte[] value = record.value();
      int start = registry == null ? 0 : PREFIX;
      if (value.length < start || (registry != null && value[0] != 0)) {
        return new Rejected(NOT_AVRO, null, value, "the record has no schema id");
      }
      int id = registry == null ? 0 : ByteBuffer.wrap(value).getInt(1);
      GenericDatumReader<GenericRecord> reader = readers.get(id);
      if (reader == null) {
        Schema schema = registry == null ? SCHEMA : fetched(registry, id);
        if (schema == null) {
          return new Rejected(UNKNOWN_SCHEMA, null, value, "the registry has no schema " + id);
        }
        reader = new GenericDatumReader<>(schema, SCHEMA);
        readers.put(id, reader);
      }
      try {
        decoder = DecoderFactory.get().binaryDecoder(value, start, value.length - start, decoder);
        return new Parsed(call(reader.read(null, decoder), record));
      } catch (IOException | AvroRuntimeException e) {
        return new Rejected(NOT_AVRO, null, value, e.toString());
      }
    }

    private static Call call(GenericRecord avro, CallRecord record) {
      Instant received = Instant.ofEpochMilli((Long) avro.get("received"));
      Call.Builder call =
          Call.builder(avro.get("id").toString(), avro.get("type").toString(), received)
              .with(Fields.RECEIVED, received);
      Object priority = avro.get("priority");
      if (priority != null) {
        call.with(Fields.PRIORITY, priority.toString());
      }
      byte[] agency = record.header(AGENCY);
      if (agency != null) {
        call.with(Fields.AGENCY, new String(agency, UTF_8));
      }
      return call.build();
    }

    /**
     * Returns a schema, or null if the registry does not have it. A registry that does not answer
     * is not a fault of the record, so it ends the run.
     */
    private @Nullable Schema fetched(URI registry, int id) {
      URI address = registry.resolve("/schemas/ids/" + id);
      try {
        HttpResponse<String> response =
            client.send(
                HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(10)).build(),
                BodyHandlers.ofString());
        if (response.statusCode() == 404) {
          return null;
        }
        if (response.statusCode() != 200) {
          throw new IOException("status " + response.statusCode());
        }
        return new Schema.Parser().parse(text(response.body(), "schema"));
      } catch (IOException | AvroRuntimeException e) {
        throw new CallstreamException(
            ErrorCode.ENVIRONMENT,
            "The schema registry at "
                + registry
                + " did not give schema "
                + id
                + " ("
                + e
                + "). Start it, and run the pipeline again.",
            e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }

    private static String text(String json, String name) throws IOException {
      try (JsonParser parser = new JsonFactory().createParser(json)) {
        while (parser.nextToken() != null) {
          if (name.equals(parser.currentName()) && parser.nextTextValue() != null) {
            return parser.getText();
          }
        }
      }
      throw new IOException("the answer has no " + name);
    }
  }
}
