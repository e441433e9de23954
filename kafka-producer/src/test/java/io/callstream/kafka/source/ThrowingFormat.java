package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.SanFranciscoCalls;
import java.time.ZoneId;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** A format whose parser throws on the record {@code throws} and on all later records. */
public record ThrowingFormat(SanFranciscoCalls calls) implements CallFormat {
  @Override
  public String name() {
    return "throwing";
  }

  @Override
  public ZoneId zone() {
    return calls.zone();
  }

  @Override
  public String timeField() {
    return calls.timeField();
  }

  @Override
  public CallParser parser(Set<CallField> fields) {
    CallParser parser = calls.parser(fields);
    AtomicBoolean isBroken = new AtomicBoolean();
    return value -> {
      if (new String(value, UTF_8).equals("throws") || isBroken.get()) {
        isBroken.set(true);
        throw new IllegalStateException("broken");
      }
      return parser.parse(value);
    };
  }

  @Override
  public byte[] write(Call call) {
    return calls.write(call);
  }
}
