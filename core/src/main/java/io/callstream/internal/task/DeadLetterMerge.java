package io.callstream.internal.task;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.Origin;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;

/**
 * The dead letters of several tasks in one order. They are read on demand. Open files are closed
 * when an iterator reaches its end, or when the merge is closed. Not thread-safe.
 */
public final class DeadLetterMerge implements Iterable<DeadLetter>, AutoCloseable {
  /** The order in which sinks receive dead letters: by partition, then offset, then call. */
  public static final Comparator<DeadLetter> ORDER =
      Comparator.comparing(DeadLetter::origin, Comparator.comparingInt(Origin::partition))
          .thenComparing(DeadLetter::origin, Comparator.comparingLong(Origin::offset))
          .thenComparingInt(letter -> letter instanceof Late late ? late.call() : 0);

  /** The dead letters of one task in order, as bytes that can be read several times. */
  @FunctionalInterface
  public interface Input {
    /** Opens the letters, followed by the mark of {@link DeadLetterFormat#writeEnd}. */
    InputStream open() throws IOException;
  }

  private final List<Input> inputs;
  private final List<InputStream> open = new ArrayList<>();

  public DeadLetterMerge(List<Input> inputs) {
    this.inputs = List.copyOf(inputs);
  }

  @Override
  public Iterator<DeadLetter> iterator() {
    PriorityQueue<Cursor> cursors = new PriorityQueue<>(Comparator.comparing(c -> c.next, ORDER));
    try {
      for (Input input : inputs) {
        InputStream stream = new BufferedInputStream(input.open(), 1 << 16);
        open.add(stream);
        Cursor.of(new DataInputStream(stream)).ifPresent(cursors::add);
      }
    } catch (IOException e) {
      throw damaged(e);
    }
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return !cursors.isEmpty();
      }

      @Override
      public DeadLetter next() {
        Cursor least = cursors.remove();
        DeadLetter letter = least.next;
        if (least.advance()) {
          cursors.add(least);
        }
        return letter;
      }
    };
  }

  @Override
  public void close() {
    for (InputStream stream : open) {
      try {
        stream.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    open.clear();
  }

  /** The current dead letter of an input. */
  private static final class Cursor {
    private final DataInputStream in;
    private DeadLetter next;

    private Cursor(DataInputStream in, DeadLetter first) {
      this.in = in;
      this.next = first;
    }

    static Optional<Cursor> of(DataInputStream in) throws IOException {
      DeadLetter first = DeadLetterFormat.readOrEnd(in);
      return first == null ? Optional.empty() : Optional.of(new Cursor(in, first));
    }

    boolean advance() {
      try {
        DeadLetter letter = DeadLetterFormat.readOrEnd(in);
        if (letter == null) {
          in.close();
          return false;
        }
        next = letter;
        return true;
      } catch (IOException e) {
        throw damaged(e);
      }
    }
  }

  private static CallstreamException damaged(IOException e) {
    return new CallstreamException(
        ErrorCode.CHECKPOINT,
        ("Dead letters on their way to the sinks can't be read back (%s). Start again with the same"
                + " checkpoint: the batch is repeated, and nothing is lost.")
            .formatted(e),
        e);
  }
}
