package io.callstream.examples.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.concurrent.SynchronousQueue;
import org.jspecify.annotations.Nullable;

/**
 * Standard input that a command can give up while it waits for data, for example when nobody types.
 * A separate thread reads the input. After the command has given it up, reads fail, so that an
 * incomplete line does not become a record.
 */
final class StoppableInput extends InputStream {
  private static final int CHUNK = 1 << 16;

  private final SynchronousQueue<Piece> pieces = new SynchronousQueue<>(true);
  private final Thread pump;
  private byte[] current = {};
  private int position;
  private boolean ended;

  /** The data of one read, or the end of the input and, if it failed, the reason. */
  private record Piece(byte[] bytes, boolean last, @Nullable IOException failure) {
    static Piece end(@Nullable IOException failure) {
      return new Piece(new byte[0], true, failure);
    }
  }

  StoppableInput(InputStream in) {
    pump = new Thread(() -> pump(in), "callstream-input");
    pump.setDaemon(true);
    pump.start();
  }

  private void pump(InputStream in) {
    byte[] buffer = new byte[CHUNK];
    try {
      try {
        int length;
        while ((length = in.read(buffer)) >= 0) {
          pieces.put(new Piece(Arrays.copyOf(buffer, length), false, null));
        }
        pieces.put(Piece.end(null));
      } catch (IOException e) {
        pieces.put(Piece.end(e));
      } catch (RuntimeException | Error e) {
        pieces.put(Piece.end(new IOException(e)));
      }
    } catch (InterruptedException e) {
      // Nobody waits any more.
      Thread.currentThread().interrupt();
    }
  }

  /** Gives up the input: reads fail. */
  void stop() {
    Thread failing =
        new Thread(
            () -> {
              try {
                pieces.put(Piece.end(new IOException("the reading was interrupted")));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "callstream-input-stop");
    failing.setDaemon(true);
    failing.start();
  }

  @Override
  public int read() throws IOException {
    return await() ? current[position++] & 0xff : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!await()) {
      return -1;
    }
    int count = Math.min(length, current.length - position);
    System.arraycopy(current, position, bytes, offset, count);
    position += count;
    return count;
  }

  private boolean await() throws IOException {
    try {
      while (!ended && position == current.length) {
        Piece piece = pieces.take();
        current = piece.bytes();
        position = 0;
        ended = piece.last();
        if (piece.failure() != null) {
          throw piece.failure();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the reading was interrupted", e);
    }
    return position < current.length;
  }
}
