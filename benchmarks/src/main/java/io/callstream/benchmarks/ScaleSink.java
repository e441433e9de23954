package io.callstream.benchmarks;

import io.callstream.pipeline.BatchResults;
import io.callstream.pipeline.Results;
import io.callstream.pipeline.TaskSink;
import io.callstream.pipeline.TaskWriter;
import java.nio.ByteBuffer;
import java.util.List;

/** Reads the rows of all results, in the driver or in tasks, and stores nothing. */
final class ScaleSink implements TaskSink {
  private final ScaleMeter meter;

  ScaleSink(ScaleMeter meter) {
    this.meter = meter;
  }

  @Override
  public void write(BatchResults batch) {
    meter.accept(batch);
  }

  @Override
  public TaskWriter.Factory writers() {
    return attempt -> new Writer();
  }

  @Override
  public void finish(BatchResults batch, List<byte[]> messages) {
    long rows = messages.stream().mapToLong(message -> ByteBuffer.wrap(message).getLong()).sum();
    if (rows != batch.emittedRows()) {
      throw new IllegalStateException(
          "Tasks wrote %d of %d rows".formatted(rows, batch.emittedRows()));
    }
    meter.accept(batch);
  }

  @Override
  public String toString() {
    return "a sink without a store";
  }

  private static final class Writer implements TaskWriter {
    private long rows;

    @Override
    public void write(Results changed) {
      changed.forEach(row -> rows++);
    }

    @Override
    public byte[] commit() {
      return ByteBuffer.allocate(Long.BYTES).putLong(rows).array();
    }

    @Override
    public void close() {}
  }
}
