package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import io.callstream.call.RejectionReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.PriorityQueue;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/*
 * An external merge sort. Records are collected until the memory is used up. Then they are sorted
 * (stably) and written as a run after the previous runs, all in one file. The last run stays in
 * memory. The merge takes the record with the lowest time, and for equal times the record of the
 * earlier run, which keeps the sort stable. The read buffers of the runs share the same memory, so the
 * number of runs does not increase the memory.
 */
/** The records of a source, sorted by event time. */
record EventTimeOrder(CallSource source, CallFormat format, long memoryBytes)
    implements CallSource {
  private static final long MAX_DEFAULT_MEMORY = 256L << 20;

  EventTimeOrder {
    if (memoryBytes < 1) {
      throw new IllegalArgumentException(
          "Sorting by event time in " + memoryBytes + " bytes of memory: at least 1 is needed");
    }
  }

  static long defaultMemory() {
    return Math.min(MAX_DEFAULT_MEMORY, Runtime.getRuntime().maxMemory() / 4);
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public OptionalLong size() {
    return source.size();
  }

  @Override
  public byte[] identity(byte[] record) {
    return source.identity(record);
  }

  @Override
  public boolean isSynthetic() {
    return source.isSynthetic();
  }

  @Override
  public CallRecords open() {
    return new Sorted(source.name(), source.open(), format, memoryBytes);
  }

  record Entry(long time, byte[] value) {}

  private static final class Sorted implements CallRecords {
    /**
     * The memory per record in addition to its bytes: an array, an entry and its place in a list.
     */
    private static final int OVERHEAD = 64;

    private final String source;
    private final CallRecords unsorted;
    private final CallFormat format;
    private final long memory;
    private final PriorityQueue<Run> runs =
        new PriorityQueue<>(
            Comparator.comparingLong((Run run) -> run.head.time())
                .thenComparingInt(run -> run.number));
    private @Nullable SpillFile spilled;
    private @Nullable CallstreamException failure;
    private boolean sorted;
    private boolean closed;

    Sorted(String source, CallRecords unsorted, CallFormat format, long memory) {
      this.source = source;
      this.unsorted = unsorted;
      this.format = format;
      this.memory = memory;
    }

    /** The sorted entries after its head. */
    private static final class Run {
      final int number;
      final Iterator<Entry> rest;
      Entry head;

      /**
       * Creates a run.
       *
       * @param number the number of runs before this one in the source
       * @param entries at least one entry
       */
      Run(int number, Iterator<Entry> entries) {
        this.number = number;
        this.rest = entries;
        this.head = entries.next();
      }
    }

    @Override
    public boolean hasNext() {
      if (closed) {
        return false;
      }
      if (!sorted) {
        sorted = true;
        try {
          sort();
        } catch (IOException e) {
          close();
          throw spillFailure(e);
        } catch (RuntimeException e) {
          close();
          throw e;
        }
      }
      if (runs.isEmpty() && failure != null) {
        throw failure;
      }
      return !runs.isEmpty();
    }

    @Override
    public byte[] next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Run run = runs.remove();
      byte[] value = run.head.value();
      try {
        if (run.rest.hasNext()) {
          run.head = run.rest.next();
          runs.add(run);
        }
      } catch (UncheckedIOException e) {
        close();
        throw spillFailure(e);
      }
      return value;
    }

    private void sort() throws IOException {
      List<Entry> entries = new ArrayList<>();
      long used = 0;
      long time = Long.MIN_VALUE;
      CallParser parser = format.parser(Set.of());
      while (unsortedHasNext()) {
        byte[] value = unsorted.next();
        ParseResult result = ParseResult.of(parser, value);
        if (result instanceof ParseResult.Parsed parsed) {
          time = parsed.call().epochMillis();
        } else if (((ParseResult.Rejected) result).reason().equals(RejectionReason.FORMAT_FAILED)) {
          parser = format.parser(Set.of());
        }
        long cost = (long) value.length + OVERHEAD;
        if (used + cost > memory && !entries.isEmpty()) {
          spill(entries);
          entries = new ArrayList<>();
          used = 0;
        }
        entries.add(new Entry(time, value));
        used += cost;
      }
      unsorted.close();
      if (spilled != null) {
        addRunsOf(spilled);
      }
      if (!entries.isEmpty()) {
        entries.sort(Comparator.comparingLong(Entry::time));
        runs.add(new Run(runs.size(), entries.iterator()));
      }
    }

    private void addRunsOf(SpillFile file) throws IOException {
      try {
        file.runs(memory).forEach(run -> runs.add(new Run(runs.size(), run)));
      } catch (UncheckedIOException e) {
        throw e.getCause();
      }
    }

    private boolean unsortedHasNext() {
      try {
        return unsorted.hasNext();
      } catch (CallstreamException e) {
        failure = e;
        return false;
      }
    }

    private void spill(List<Entry> entries) throws IOException {
      entries.sort(Comparator.comparingLong(Entry::time));
      if (spilled == null) {
        spilled = new SpillFile();
      }
      spilled.append(entries);
    }

    private CallstreamException spillFailure(Exception e) {
      return ReadRecords.inputFailure(
          source,
          0,
          "sorting by event time, which writes to "
              + System.getProperty("java.io.tmpdir")
              + " (set -Djava.io.tmpdir to a directory with more room): "
              + e.getMessage(),
          e);
    }

    @Override
    public List<String> remarks() {
      return unsorted.remarks();
    }

    @Override
    public void close() {
      closed = true;
      runs.clear();
      unsorted.close();
      if (spilled != null) {
        spilled.close();
      }
    }
  }
}
