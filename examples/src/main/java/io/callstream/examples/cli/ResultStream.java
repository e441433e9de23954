package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import org.jspecify.annotations.Nullable;

/**
 * Standard output, in UTF-8. It keeps the reason why a write failed, which a {@link PrintStream}
 * swallows.
 */
final class ResultStream extends PrintStream {
  private final Recorder recorder;

  ResultStream(OutputStream out) {
    this(new Recorder(out));
  }

  private ResultStream(Recorder recorder) {
    super(recorder, true, UTF_8);
    this.recorder = recorder;
  }

  /**
   * Returns whether the reader has closed the pipe, as {@code head} does after its last line.
   * Flushes first.
   *
   * @throws CallstreamException with {@link ErrorCode#SINK_FAILED} if a write failed for any other
   *     reason
   */
  boolean isClosedByReader() {
    flush();
    IOException failure = recorder.failure;
    if (failure == null) {
      return false;
    }
    if (isClosedPipe(failure)) {
      return true;
    }
    throw new CallstreamException(
        ErrorCode.SINK_FAILED,
        "Standard output can't be written ("
            + DisplayText.reason(failure)
            + "). What was printed there is incomplete: correct the cause, or redirect the output to"
            + " another place, and run the command again.",
        failure);
  }

  /**
   * Requires that all output was written, or that its reader has closed the pipe.
   *
   * @throws CallstreamException with {@link ErrorCode#SINK_FAILED} if a write failed for any other
   *     reason
   */
  void requireWritten() {
    var ignored = isClosedByReader();
  }

  /**
   * Java has no error numbers, and the text of an error depends on the locale. So this compares the
   * text with that of a pipe that this process closes itself.
   */
  private static boolean isClosedPipe(IOException failure) {
    try {
      Pipe pipe = Pipe.open();
      pipe.source().close();
      try (Pipe.SinkChannel sink = pipe.sink()) {
        sink.write(ByteBuffer.allocate(1));
      }
      return false;
    } catch (IOException closedPipe) {
      return String.valueOf(failure.getMessage()).equals(closedPipe.getMessage());
    }
  }

  /** Keeps the first failure, and writes nothing more after it. */
  private static final class Recorder extends FilterOutputStream {
    private volatile @Nullable IOException failure;

    Recorder(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      IOException before = failure;
      if (before != null) {
        throw before;
      }
      try {
        out.write(bytes, offset, length);
      } catch (IOException e) {
        failure = e;
        throw e;
      }
    }
  }
}
