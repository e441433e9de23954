package io.callstream.kafka.source;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/*
 * Decides the layout of the records of a source from its first 64 KiB, and waits for no more of them
 * than necessary. Lines of NDJSON are sent whether they are valid or not. Therefore damage in the
 * first line must not lead to another layout or to an error: JSON and CSV must be recognizable, and
 * content that could be a damaged line is examined up to a line that is an object.
 */
final class LayoutFinder {
  private final PeekableInput in;
  private final FileLayout named;
  private final boolean isNamed;
  private final ColumnNames names;

  private LayoutFinder(PeekableInput in, FileLayout named, boolean isNamed, ColumnNames names) {
    this.in = in;
    this.names = names;
    this.named = named;
    this.isNamed = isNamed;
  }

  /**
   * Decides on a layout without consuming bytes of the stream.
   *
   * @param named the layout that the name indicates
   * @param names the names that the columns of a CSV file may have
   */
  static FileLayout find(PeekableInput in, Optional<FileLayout> named, ColumnNames names) {
    int first = in.lookAt(skipSpace(in, 0));
    FileLayout otherwise = named.orElse(first == '[' ? FileLayout.JSON : FileLayout.NDJSON);
    return new LayoutFinder(in, otherwise, named.isPresent(), names).find();
  }

  private FileLayout find() {
    int start = skipSpace(in, 0);
    int first = in.lookAt(start);
    if (first == '{' || first == '[') {
      FileLayout layout = ofJson(start, first == '[');
      if (layout != null) {
        return layout;
      }
    } else if (CsvDialect.isHeader(in, names)) {
      return FileLayout.CSV;
    }
    return named != FileLayout.NDJSON && first >= 0 && hasLineOfObject(start)
        ? FileLayout.NDJSON
        : named;
  }

  private static int skipSpace(PeekableInput in, int start) {
    int i = start;
    while (" \t\n\r".indexOf(in.lookAt(i)) >= 0) {
      i++;
    }
    return i;
  }

  /**
   * Returns the layout of content that starts with a bracket or a brace, or null if the content
   * does not decide.
   */
  private @Nullable FileLayout ofJson(int start, boolean isArray) {
    int objects = 0;
    int searched = start;
    boolean isNoLine = isArray && !(isNamed && named == FileLayout.NDJSON);
    Ahead ahead = new Ahead(start);
    try (JsonParser json = JsonRecords.JSON.createParser(ahead)) {
      json.nextToken();
      if (json.currentLocation().getByteOffset() < 0) {
        // A zero byte follows, so the parser decodes UTF-16 or UTF-32, without offsets of bytes.
        return null;
      }
      while (isArray && json.nextToken() != JsonToken.END_ARRAY) {
        // A comma follows the second object, so this is not a truncated line before other lines.
        if (objects >= 2 && isNoLine) {
          int end = end(start, json);
          if (hasLineBreak(searched, end)) {
            return FileLayout.JSON;
          }
          searched = end;
        }
        boolean isObject = json.currentToken() == JsonToken.START_OBJECT;
        json.skipChildren();
        objects += isObject ? 1 : 0;
      }
      json.skipChildren();
      int end = end(start, json);
      if (hasLineBreak(searched, end)) {
        return FileLayout.JSON;
      }
      if (!isArray) {
        return FileLayout.NDJSON;
      }
      int next = skipSpace(in, end);
      if (in.lookAt(next) >= 0 && hasLineBreak(end, next)) {
        return FileLayout.NDJSON;
      }
      return isNoLine || objects > 0 ? FileLayout.JSON : null;
    } catch (JsonEOFException e) {
      boolean isJson = isNoLine || objects > 0 || continuesInNextLine(start);
      return ahead.ended && isJson ? FileLayout.JSON : null;
    } catch (IOException e) {
      return null;
    }
  }

  private static int end(int start, JsonParser json) {
    return start + (int) json.currentLocation().getByteOffset();
  }

  private boolean hasLineBreak(int start, int end) {
    for (int i = start; i < end; i++) {
      if (in.lookAt(i) == '\n') {
        return true;
      }
    }
    return false;
  }

  /** Returns whether there is more than white space after the line of an offset. */
  private boolean continuesInNextLine(int offset) {
    return in.lookAt(skipSpace(in, lineEnd(offset))) >= 0;
  }

  /**
   * Returns whether a line after the first one is a complete object, and not the last element of an
   * array. Lines of a quoted CSV cell do not count.
   */
  private boolean hasLineOfObject(int start) {
    int line = start;
    while (in.lookAt(line) >= 0) {
      int end = rowEnd(line);
      int next = skipSpace(in, end);
      if (line > start
          && isObject(line, end)
          && in.lookAt(next) != ']'
          && in.lookAt(next) != '}'
          && in.lookAt(next) != ',') {
        return true;
      }
      line = next;
    }
    return false;
  }

  /**
   * Returns the end of the line that starts at {@code start}, or of the CSV row if it has quoted
   * cells.
   */
  private int rowEnd(int start) {
    int i = start;
    boolean isCellStart = true;
    while (in.lookAt(i) >= 0 && in.lookAt(i) != '\n') {
      if (isCellStart && in.lookAt(i) == '"') {
        int end = quotedEnd(i);
        if (end < 0) {
          return lineEnd(i);
        }
        i = end;
      } else {
        isCellStart = CsvDialect.isDelimiter(in.lookAt(i));
        i++;
      }
    }
    return i;
  }

  /** Returns the end of a quoted CSV cell, or -1 if the quote does not start a cell. */
  private int quotedEnd(int start) {
    int i = start + 1;
    while (in.lookAt(i) >= 0) {
      if (in.lookAt(i) != '"') {
        i++;
      } else if (in.lookAt(i + 1) == '"') {
        i += 2;
      } else {
        int next = in.lookAt(i + 1);
        boolean isCellEnd =
            next < 0 || next == '\n' || next == '\r' || CsvDialect.isDelimiter(next);
        return isCellEnd ? i + 1 : -1;
      }
    }
    return -1;
  }

  private int lineEnd(int start) {
    int i = start;
    while (in.lookAt(i) >= 0 && in.lookAt(i) != '\n') {
      i++;
    }
    return i;
  }

  private boolean isObject(int start, int end) {
    try (JsonParser json = JsonRecords.JSON.createParser(new Ahead(start, end))) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      json.skipChildren();
      return json.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }

  /** The bytes ahead. A read waits for no more bytes than are available. */
  private final class Ahead extends InputStream {
    private final int end;
    private int at;

    /**
     * Whether the end was reached. Jackson throws the same exception for a name that is not UTF-8.
     */
    private boolean ended;

    Ahead(int start) {
      this(start, PeekableInput.LOOK_AHEAD);
    }

    Ahead(int start, int end) {
      this.at = start;
      this.end = end;
    }

    @Override
    public int read() {
      throw new UnsupportedOperationException("Jackson reads many bytes at once");
    }

    @Override
    public int read(byte[] b, int off, int len) {
      int count =
          in.lookAt(at) < 0 ? -1 : Math.min(Math.min(len, end - at), in.end - in.start - at);
      System.arraycopy(in.bytes, in.start + at, b, off, Math.max(0, count));
      at += Math.max(0, count);
      ended = count <= 0;
      return ended ? -1 : count;
    }
  }
}
