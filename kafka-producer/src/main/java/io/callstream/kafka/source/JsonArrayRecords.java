package io.callstream.kafka.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** The elements of a JSON array, copied token by token: no element is ever a tree. */
final class JsonArrayRecords extends ReadRecords {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              // Whether a record is fit to be a call is for its reader to say; this bounds memory.
              StreamReadConstraints.builder()
                  .maxNestingDepth(CompactJson.MAX_DEPTH)
                  .maxNumberLength(CompactJson.MAX_BYTES)
                  .maxStringLength(CompactJson.MAX_BYTES)
                  .build())
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private final PeekableInput in;
  private final Bounded bounded;
  private final JsonParser json;
  private final CompactJson compact = new CompactJson();
  private boolean started;

  JsonArrayRecords(String source, PeekableInput in) throws IOException {
    super(source, in);
    this.in = in;
    bounded = new Bounded(in);
    json = JSON.createParser(bounded);
  }

  @Override
  byte @Nullable [] read() throws IOException {
    bounded.sinceRecord = 0;
    if (!started) {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw new IOException(
            "a JSON array is expected, which starts with '['"
                + " (a file with one record a line is named .ndjson)");
      }
      started = true;
    }
    if (json.nextToken() != JsonToken.END_ARRAY) {
      return compact.copyOf(json);
    }
    if (json.nextToken() != null) {
      throw new IOException("there is more after the end of the array");
    }
    return null;
  }

  /** Fails when one element takes too many bytes; Jackson would hold a name of any length. */
  private static final class Bounded extends FilterInputStream {
    private long sinceRecord;

    Bounded(InputStream in) {
      super(in);
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
      if (sinceRecord > CompactJson.MAX_BYTES) {
        throw new RecordLimitException();
      }
      int count = in.read(b, off, len);
      sinceRecord += Math.max(0, count);
      return count;
    }
  }

  @Override
  String place() {
    return in.place(Math.max(0, json.currentLocation().getByteOffset()));
  }

  @Override
  String reason(IOException e) {
    if (e instanceof JsonEOFException) {
      return "the text ends before the array does";
    }
    if (e instanceof StreamConstraintsException) {
      return RecordLimitException.MESSAGE;
    }
    // Jackson's own words would quote the content.
    return e instanceof JsonProcessingException ? "this is not JSON" : super.reason(e);
  }
}
