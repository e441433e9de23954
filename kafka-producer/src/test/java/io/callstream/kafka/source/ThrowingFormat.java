package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.engine.contract.DelegatingFormat;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** A format whose parser throws on the record {@code throws} and on all later records. */
public final class ThrowingFormat extends DelegatingFormat {
  public ThrowingFormat(JsonFormat calls) {
    super(calls);
  }

  @Override
  public CallParser parser(Set<Field<?>> fields) {
    CallParser parser = super.parser(fields);
    AtomicBoolean isBroken = new AtomicBoolean();
    return record -> {
      if (new String(record.value(), UTF_8).equals("throws") || isBroken.get()) {
        isBroken.set(true);
        throw new IllegalStateException("broken");
      }
      return parser.parse(record);
    };
  }
}
