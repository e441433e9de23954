package io.callstream.engine.local;

import io.callstream.internal.source.OpenSource;
import io.callstream.internal.source.SpanReader;
import io.callstream.pipeline.MemorySource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A memory source that a run reads. */
final class OpenMemorySource implements OpenSource {
  private final MemorySource source;
  private volatile boolean stopped;
  private volatile List<Reader> readers = List.of();
  private final Runnable wakeUp = this::wakeReaders;

  OpenMemorySource(MemorySource source) {
    this.source = source;
    source.onRecord(wakeUp);
  }

  private void wakeReaders() {
    readers.forEach(Reader::wakeUp);
  }

  @Override
  public String id() {
    return source.id();
  }

  @Override
  public Map<Integer, Long> firstOffsets() {
    Map<Integer, Long> firsts = new TreeMap<>();
    for (int p = 0; p < source.partitions(); p++) {
      firsts.put(p, 0L);
    }
    return firsts;
  }

  @Override
  public Map<Integer, Long> endOffsets() {
    Map<Integer, Long> ends = new TreeMap<>();
    long[] now = source.ends();
    for (int p = 0; p < now.length; p++) {
      ends.put(p, now[p]);
    }
    return ends;
  }

  @Override
  public Map<Integer, Long> startOffsets() {
    return firstOffsets();
  }

  @Override
  public SpanReader newReader() {
    Reader reader = new Reader();
    List<Reader> more = new ArrayList<>(readers);
    more.add(reader);
    readers = List.copyOf(more);
    return reader;
  }

  @Override
  public void stop() {
    stopped = true;
    wakeReaders();
  }

  @Override
  public void close() {
    source.removeListener(wakeUp);
  }

  private final class Reader implements SpanReader {
    private final Semaphore wakeUps = new Semaphore(0);

    @Override
    public void read(List<Span> spans, Records records) {
      for (Span span : spans) {
        long offset = span.from();
        for (MemorySource.Entry entry : source.read(span.partition(), span.from(), span.to())) {
          if (entry != null) {
            records.take(entry.at(span.partition(), offset));
          }
          offset++;
        }
      }
      requireNotStopped();
    }

    @Override
    public void await(List<Span> positions, Duration patience) {
      try {
        if (positions.stream().allMatch(p -> source.end(p.partition()) <= p.from())
            && wakeUps.tryAcquire(patience.toNanos(), TimeUnit.NANOSECONDS)) {
          wakeUps.drainPermits();
        }
      } catch (InterruptedException e) {
        throw new CancellationException(e.toString());
      }
      requireNotStopped();
    }

    private void requireNotStopped() {
      if (stopped) {
        throw new CancellationException();
      }
    }

    @Override
    public void wakeUp() {
      wakeUps.release();
    }
  }
}
