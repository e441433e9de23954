package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import java.time.ZoneId;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A format for tests that pass calls as objects. The parser returns the original call for a record
 * that {@link #recordOf} created, and parses any other record in the format of the pipeline. It
 * identifies records by the identity of their arrays, because a memory source does not copy arrays.
 */
final class CallsAsRecords implements CallFormat {
  private static final long serialVersionUID = 1L;

  private final CallFormat format;

  /** Not serialized, because a tester parses in its own JVM. */
  private final transient Map<byte[], Call> calls =
      Collections.synchronizedMap(new IdentityHashMap<>());

  CallsAsRecords(CallFormat format) {
    this.format = format;
  }

  /** Returns a new record for a call: what the format writes, or else the text of the call. */
  byte[] recordOf(Call call) {
    byte[] record = write(call);
    calls.put(record, call);
    return record;
  }

  @Override
  public byte[] write(Call call) {
    try {
      // A copy ensures that no two calls share an array.
      return format.write(call).clone();
    } catch (RuntimeException e) {
      return call.toString().getBytes(UTF_8);
    }
  }

  @Override
  public CallParser parser(Set<Field<?>> fields) {
    CallParser parser = format.parser(fields);
    return new CallParser() {
      @Override
      public ParseResult parse(CallRecord record) {
        Call call = calls.get(record.value());
        return call == null ? parser.parse(record) : new ParseResult.Parsed(call);
      }

      @Override
      public byte @Nullable [] id(byte[] value) {
        return calls.containsKey(value) ? CallParser.super.id(value) : parser.id(value);
      }
    };
  }

  /** Returns all fields, because calls that are passed as objects may have any. */
  @Override
  public Set<Field<?>> fields() {
    return Fields.ALL;
  }

  @Override
  public String name() {
    return format.name();
  }

  @Override
  public ZoneId zone() {
    return format.zone();
  }

  @Override
  public Optional<String> idField() {
    return format.idField();
  }

  @Override
  public String timeField() {
    return format.timeField();
  }

  @Override
  public String toString() {
    return format.toString();
  }
}
