package io.callstream.examples.cli;

import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import java.util.List;

/**
 * A source that shows its reading progress, for inputs that are read completely before they are
 * sent.
 */
record ReadingShown(CallSource source, Terminal terminal) implements CallSource {
  @Override
  public String name() {
    return source.name();
  }

  @Override
  public CallRecords open() {
    CallRecords records = source.open();
    return new Shown(records, Meter.of(terminal, "read", Meter.UNKNOWN));
  }

  @Override
  public byte[] identity(byte[] record) {
    return source.identity(record);
  }

  @Override
  public boolean isSynthetic() {
    return source.isSynthetic();
  }

  private static final class Shown implements CallRecords {
    private final CallRecords records;
    private final Meter meter;
    private long count;
    private boolean ended;

    Shown(CallRecords records, Meter meter) {
      this.records = records;
      this.meter = meter;
    }

    @Override
    public boolean hasNext() {
      boolean more = records.hasNext();
      if (!more) {
        endMeter();
      }
      return more;
    }

    @Override
    public byte[] next() {
      byte[] value = records.next();
      meter.show(++count);
      return value;
    }

    @Override
    public List<String> remarks() {
      return records.remarks();
    }

    @Override
    public void close() {
      endMeter();
      records.close();
    }

    private void endMeter() {
      if (!ended) {
        ended = true;
        meter.close();
      }
    }
  }
}
