package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The calls of a byte stream.
 *
 * @param packing empty if the first bytes tell it
 * @param layout empty if the first bytes tell it
 */
record StreamCalls(
    String name, Opening opening, Optional<Packing> packing, Optional<FileLayout> layout)
    implements CallSource {
  /** How far a source is searched for its first character that is no white space. */
  private static final int PEEK_LIMIT = 1 << 12;

  /** Opens a stream. */
  interface Opening {
    InputStream open() throws IOException;
  }

  static StreamCalls file(Path path, Optional<FileLayout> layout) {
    // A line may start with any bytes: where the name tells the layout it tells the packing too.
    return readable(
        path, layout.map(told -> Packing.ofName(String.valueOf(path.getFileName()))), layout);
  }

  static StreamCalls fileWithLayout(Path path, FileLayout layout) {
    return readable(path, Optional.empty(), Optional.of(layout));
  }

  private static StreamCalls readable(
      Path path, Optional<Packing> packing, Optional<FileLayout> layout) {
    String problem =
        !Files.exists(path)
            ? "there is no such file"
            : Files.isDirectory(path)
                ? "it is a directory"
                : Files.isReadable(path) ? "" : "this user may not read it";
    if (!problem.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.INPUT_FAILED,
          "Cannot read calls from " + path + ": " + problem + ". Name a file that can be read.");
    }
    return new StreamCalls(path.toString(), () -> Files.newInputStream(path), packing, layout);
  }

  static StreamCalls standardInput() {
    return stream(
        "standard input",
        new FilterInputStream(System.in) {
          @Override
          public int read(byte[] b, int off, int len) throws IOException {
            return in.read(b, off, len);
          }

          @Override
          public void close() {
            // It is not ours.
          }
        });
  }

  static StreamCalls stream(String name, InputStream in) {
    AtomicBoolean opened = new AtomicBoolean();
    return new StreamCalls(
        name,
        () -> {
          if (opened.getAndSet(true)) {
            throw new IOException("a stream can be read once only");
          }
          return in;
        },
        Optional.empty(),
        Optional.empty());
  }

  @Override
  public CallRecords open() {
    InputStream raw;
    try {
      raw = opening.open();
    } catch (IOException e) {
      throw ReadRecords.inputFailure(name, 0, "byte 0: " + e.getMessage(), e);
    }
    try {
      PeekableInput packed = new PeekableInput(raw);
      Packing how = packing.isPresent() ? packing.get() : Packing.ofContent(packed);
      PeekableInput in = how.unpack(packed);
      return switch (layout.isPresent() ? layout.get() : layoutOf(in)) {
        case JSON_ARRAY -> new JsonArrayRecords(name, in);
        case NDJSON -> new LineRecords(name, in);
        case CSV -> new CsvRecords(name, in);
      };
    } catch (IOException e) {
      try {
        raw.close();
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw ReadRecords.inputFailure(name, 0, "byte 0: " + e.getMessage(), e);
    }
  }

  private static FileLayout layoutOf(PeekableInput in) throws IOException {
    int i = in.peek(0) == 0xef && in.peek(1) == 0xbb && in.peek(2) == 0xbf ? 3 : 0;
    for (; i < PEEK_LIMIT; i++) {
      int b = in.peek(i);
      if (b != ' ' && b != '\t' && b != '\n' && b != '\r') {
        return b == '[' ? FileLayout.JSON_ARRAY : FileLayout.NDJSON;
      }
    }
    return FileLayout.NDJSON;
  }
}
