package io.callstream.engine.contract;

import io.callstream.call.Call;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import java.time.ZoneId;
import java.util.Set;

/**
 * The San Francisco format. Subclasses change a part of it, as the format of an application may.
 */
public abstract class DelegatingFormat implements CallFormat {
  private final JsonFormat calls;

  protected DelegatingFormat(JsonFormat calls) {
    this.calls = calls;
  }

  @Override
  public String name() {
    return getClass().getSimpleName();
  }

  @Override
  public Set<Field<?>> fields() {
    return calls.fields();
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
  public CallParser parser(Set<Field<?>> fields) {
    return calls.parser(fields);
  }

  @Override
  public byte[] write(Call call) {
    return calls.write(call);
  }
}
