package io.callstream.engine.local;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import java.time.ZoneId;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A format with which a test gives calls as values: the parser returns the call that a record was
 * made for, and parses any other record in the format of the pipeline. A record is known by its
 * array, since a source in memory does not copy it.
 */
final class GivenCalls implements CallFormat {
  private static final long serialVersionUID = 1L;

  private final CallFormat format;

  /** Not sent anywhere: a tester parses in its own JVM. */
  private final transient Map<byte[], Call> calls =
      Collections.synchronizedMap(new IdentityHashMap<>());

  GivenCalls(CallFormat format) {
    this.format = format;
  }

  /**
   * Returns a new record for a call: what the format writes or, for a format that can't write the
   * call, the call's text.
   */
  byte[] give(Call call) {
    byte[] record = write(call);
    calls.put(record, call);
    return record;
  }

  @Override
  public byte[] write(Call call) {
    try {
      // A copy, so that no two calls share an array.
      return format.write(call).clone();
    } catch (RuntimeException e) {
      return call.toString().getBytes(UTF_8);
    }
  }

  @Override
  public CallParser parser(Set<CallField> fields) {
    CallParser parser = format.parser(fields);
    return new CallParser() {
      @Override
      public ParseResult parse(byte[] value) {
        Call call = calls.get(value);
        return call == null ? parser.parse(value) : new ParseResult.Parsed(call);
      }

      @Override
      public byte @Nullable [] id(byte[] value) {
        return calls.containsKey(value) ? CallParser.super.id(value) : parser.id(value);
      }
    };
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
