package io.callstream.kafka.source;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON without white space into a reusable buffer. Numbers keep their digits. An unpaired
 * surrogate, which UTF-8 cannot represent, is escaped.
 */
final class CompactJson {
  /** The maximum size of one record in bytes, 64 MiB, so that no input can exhaust the memory. */
  static final int MAX_BYTES = 64 << 20;

  /** The maximum number of open objects and arrays. Each costs memory. */
  static final int MAX_DEPTH = 100_000;

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'
  };

  private byte[] bytes = new byte[1 << 10];
  private int size;

  /**
   * Copies the value at the parser's current position, and leaves the parser at the last token of
   * the value.
   */
  byte[] copyOf(JsonParser json) throws IOException {
    size = 0;
    int depth = 0;
    boolean comma = false;
    JsonToken token = json.currentToken();
    while (true) {
      if (comma && token != JsonToken.END_OBJECT && token != JsonToken.END_ARRAY) {
        add(',');
      }
      comma = true;
      switch (token) {
        case START_OBJECT, START_ARRAY -> {
          add(token == JsonToken.START_OBJECT ? '{' : '[');
          depth++;
          comma = false;
        }
        case END_OBJECT, END_ARRAY -> {
          add(token == JsonToken.END_OBJECT ? '}' : ']');
          depth--;
        }
        case FIELD_NAME -> {
          addString(json.currentName());
          add(':');
          comma = false;
        }
        case VALUE_STRING ->
            addString(json.getTextCharacters(), json.getTextOffset(), json.getTextLength());
        case VALUE_NUMBER_INT,
            VALUE_NUMBER_FLOAT,
            VALUE_TRUE,
            VALUE_FALSE,
            VALUE_NULL,
            VALUE_EMBEDDED_OBJECT,
            NOT_AVAILABLE ->
            addAscii(json.getText());
      }
      if (size > MAX_BYTES) {
        throw new RecordLimitException();
      }
      if (depth == 0) {
        return Arrays.copyOf(bytes, size);
      }
      token = json.nextToken();
    }
  }

  void startObject() {
    size = 0;
    add('{');
  }

  void addTextField(String name, String value) throws RecordLimitException {
    addName(name);
    addText(value);
  }

  /** Adds the name of a field, whose value must follow. */
  void addName(String name) {
    addComma();
    addString(name);
    add(':');
  }

  /** Adds a text, or null. */
  void addText(@Nullable String value) throws RecordLimitException {
    addComma();
    if (value == null) {
      addAscii("null");
    } else {
      addString(value);
    }
    if (size > MAX_BYTES) {
      throw new RecordLimitException();
    }
  }

  /** Starts an object or an array. */
  void open(char bracket) {
    addComma();
    add(bracket);
  }

  /** Ends an object or an array. */
  void close(char bracket) {
    add(bracket);
  }

  /**
   * Adds a comma after a value. A text ends with quotes, so the last byte shows whether one ended.
   */
  private void addComma() {
    if ("{[:".indexOf(bytes[size - 1]) < 0) {
      add(',');
    }
  }

  byte[] endObject() {
    add('}');
    return Arrays.copyOf(bytes, size);
  }

  private void addAscii(String text) {
    ensure(text.length());
    for (int i = 0; i < text.length(); i++) {
      bytes[size++] = (byte) text.charAt(i);
    }
  }

  private void addString(String text) {
    char[] chars = text.toCharArray();
    addString(chars, 0, chars.length);
  }

  private void addString(char[] chars, int offset, int length) {
    ensure(length + 2L);
    byte[] b = bytes;
    int n = size;
    b[n++] = '"';
    int end = offset + length;
    for (int i = offset; i < end; i++) {
      // A character takes at most the six bytes of an escape. The quote takes one more.
      if (n + 7 > b.length) {
        size = n;
        ensure(7L + end - i);
        b = bytes;
      }
      char c = chars[i];
      if (c < 0x80) {
        if (c >= ' ' && c != '"' && c != '\\') {
          b[n++] = (byte) c;
        } else {
          n = escape(b, n, c);
        }
      } else if (c < 0x800) {
        b[n++] = (byte) (0xc0 | (c >> 6));
        b[n++] = (byte) (0x80 | (c & 0x3f));
      } else if (!Character.isSurrogate(c)) {
        b[n++] = (byte) (0xe0 | (c >> 12));
        b[n++] = (byte) (0x80 | ((c >> 6) & 0x3f));
        b[n++] = (byte) (0x80 | (c & 0x3f));
      } else if (Character.isHighSurrogate(c)
          && i + 1 < end
          && Character.isLowSurrogate(chars[i + 1])) {
        int point = Character.toCodePoint(c, chars[++i]);
        b[n++] = (byte) (0xf0 | (point >> 18));
        b[n++] = (byte) (0x80 | ((point >> 12) & 0x3f));
        b[n++] = (byte) (0x80 | ((point >> 6) & 0x3f));
        b[n++] = (byte) (0x80 | (point & 0x3f));
      } else {
        n = escape(b, n, c);
      }
    }
    size = n;
    add('"');
  }

  private static int escape(byte[] b, int from, char c) {
    int n = from;
    b[n++] = '\\';
    switch (c) {
      case '"', '\\' -> b[n++] = (byte) c;
      case '\b' -> b[n++] = 'b';
      case '\t' -> b[n++] = 't';
      case '\n' -> b[n++] = 'n';
      case '\f' -> b[n++] = 'f';
      case '\r' -> b[n++] = 'r';
      default -> {
        b[n++] = 'u';
        b[n++] = HEX[c >> 12];
        b[n++] = HEX[(c >> 8) & 0xf];
        b[n++] = HEX[(c >> 4) & 0xf];
        b[n++] = HEX[c & 0xf];
      }
    }
    return n;
  }

  private void add(char c) {
    ensure(1);
    bytes[size++] = (byte) c;
  }

  private void ensure(long more) {
    if (size + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.max(size + more, 2L * bytes.length));
    }
  }
}
