package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.internal.files.Closing;
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
 * @param packing the compression that the name indicates; the first bytes decide
 * @param named the layout that the name indicates; used if the content does not decide
 * @param layout the requested layout, which takes precedence over content and name; empty if none
 *     was requested
 * @param format the format of the records, whose fields name the columns of a CSV file; empty if it
 *     is not known
 */
record StreamCalls(
    String name,
    Opening opening,
    Compression packing,
    Optional<FileLayout> named,
    Optional<FileLayout> layout,
    Optional<CallFormat> format)
    implements CallSource {
  private static final int[] BYTE_ORDER_MARK = {0xef, 0xbb, 0xbf};

  interface Opening {
    InputStream open() throws IOException;
  }

  static StreamCalls file(Path path, Optional<FileLayout> layout) {
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
    String fileName = String.valueOf(path.getFileName());
    return new StreamCalls(
        path.toString(),
        () -> Files.newInputStream(path),
        Compression.ofName(fileName),
        FileLayout.ofName(fileName),
        layout,
        Optional.empty());
  }

  static StreamCalls standardInput() {
    return stream(
        "standard input",
        new FilterInputStream(System.in) {
          @Override
          public void close() {
            // The standard input stays open.
          }
        },
        Optional.empty());
  }

  static StreamCalls stream(String name, InputStream in, Optional<FileLayout> layout) {
    AtomicBoolean opened = new AtomicBoolean();
    return new StreamCalls(
        name,
        () -> {
          if (opened.getAndSet(true)) {
            throw new IOException("a stream can be read once only");
          }
          return in;
        },
        Compression.NONE,
        Optional.empty(),
        layout,
        Optional.empty());
  }

  @Override
  public CallSource forFormat(CallFormat of) {
    return new StreamCalls(name, opening, packing, named, layout, Optional.of(of));
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
      ForeignContent.refuse(packed);
      Compression how = Compression.of(packed, packing);
      PeekableInput in = how.unpack(packed);
      if (how != Compression.NONE) {
        refusePackedTwice(in);
      }
      if (in.startsWith(BYTE_ORDER_MARK)) {
        in.skipNBytes(BYTE_ORDER_MARK.length);
      }
      ColumnNames names = new ColumnNames(format);
      return switch (layout.isPresent() ? layout.get() : LayoutFinder.find(in, named, names)) {
        case JSON -> new JsonRecords(name, in);
        case NDJSON -> new LineRecords(name, in);
        case CSV -> {
          OptionalLibrary.COMMONS_CSV.require();
          yield new CsvRecords(name, in, names);
        }
      };
    } catch (CallstreamException e) {
      Closing.after(e, raw);
      throw e;
    } catch (IOException e) {
      Closing.after(e, raw);
      throw e instanceof UnreadableSourceException
          ? ReadRecords.refusal(name, e)
          : ReadRecords.inputFailure(name, 0, "byte 0: " + e.getMessage(), e);
    }
  }

  private static void refusePackedTwice(PeekableInput in) throws IOException {
    ForeignContent.refuse(in);
    if (Compression.of(in, Compression.NONE) != Compression.NONE) {
      throw new UnreadableSourceException("it is compressed twice. Unpack it once first.");
    }
  }
}
