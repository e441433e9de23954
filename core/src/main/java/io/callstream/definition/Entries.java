package io.callstream.definition;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.Field;
import io.callstream.internal.failures.SimilarNames;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The keys and values of a definition file, in their order. */
final class Entries {
  /** How the key of the scale of a decimal field ends. */
  static final String SCALE = ".scale";

  private static final String DEFAULT_SCALE = "2";
  private static final int MAX_BYTES = 1 << 20;

  private final String file;
  private final Map<String, String> values = new LinkedHashMap<>();

  private Entries(String file) {
    this.file = file;
  }

  static Entries read(Path path) {
    Entries entries = new Entries(path.toString());
    String text = entries.decoded(bytes(path));
    try {
      new Collector(entries).load(new StringReader(text));
    } catch (IOException e) {
      throw unreadable(path, e);
    } catch (IllegalArgumentException e) {
      throw e.getMessage() != null && e.getMessage().startsWith("Malformed")
          ? new IllegalArgumentException(
              "%s has a wrong escape: after \\u, four hexadecimal digits must follow. Write the character itself, or \\\\ for a backslash."
                  .formatted(path),
              e)
          : e;
    }
    return entries;
  }

  private static byte[] bytes(Path path) {
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new IllegalArgumentException(
            "%s has more than %s bytes, the limit of a definition file. Name the file that describes the data, not the data."
                .formatted(path, MAX_BYTES));
      }
      return bytes;
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static CallstreamException unreadable(Path path, IOException cause) {
    String reason = !Files.exists(path) ? "there is no such file" : cause.getMessage();
    return new CallstreamException(
        ErrorCode.INPUT_FAILED,
        "The definition file %s can't be read (%s). Name a text file with lines such as 'time = created'."
            .formatted(path, Files.isDirectory(path) ? "it is a directory" : reason),
        cause);
  }

  private String decoded(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = UTF_8.newDecoder().decode(in, out, true);
    if (result.isError()) {
      long line =
          1 + new String(bytes, 0, in.position(), UTF_8).chars().filter(c -> c == '\n').count();
      throw new IllegalArgumentException(
          "%s is not text in UTF-8: line %s has a wrong byte. Save the file in UTF-8."
              .formatted(file, line));
    }
    String text = out.flip().toString();
    return text.startsWith("\ufeff") ? text.substring(1) : text;
  }

  /** Keeps the order of the keys, and rejects a key that occurs twice. */
  private static final class Collector extends Properties {
    private static final long serialVersionUID = 1L;

    private final transient Entries entries;

    Collector(Entries entries) {
      this.entries = entries;
    }

    @Override
    public synchronized @Nullable Object put(Object key, Object value) {
      String name = (String) key;
      String text = ((String) value).strip();
      if (text.isEmpty()) {
        throw entries.wrong(
            name, "it has no value. Write one after the equals sign, or delete the line.");
      }
      if (entries.values.put(name, text) != null) {
        throw entries.wrong(name, "it occurs twice. Delete one of the lines.");
      }
      return null;
    }
  }

  String file() {
    return file;
  }

  Collection<String> keys() {
    return values.keySet();
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  String value(String key) {
    String value = values.get(key);
    if (value == null) {
      throw wrong(key, "it is missing. Add a line '" + key + " = …'.");
    }
    return value;
  }

  String value(String key, String otherwise) {
    return values.getOrDefault(key, otherwise);
  }

  /** Returns the parts of a value between commas. Double quotes protect a comma in a part. */
  List<String> list(String key) {
    return split(key, "\"", false);
  }

  /** Returns patterns of times. As in a pattern itself, single quotes protect a comma as well. */
  List<String> patterns(String key) {
    return split(key, "\"'", false);
  }

  /** Returns parts such as {@code f(a, b)}, in which parentheses protect a comma as well. */
  List<String> calls(String key) {
    return split(key, "\"", true);
  }

  private List<String> split(String key, String quotes, boolean withParentheses) {
    String value = value(key);
    List<String> parts = new ArrayList<>();
    StringBuilder part = new StringBuilder();
    int depth = 0;
    int quote = -1;
    for (char c : (value + ",").toCharArray()) {
      if (c == ',' && quote < 0 && depth == 0) {
        if (part.toString().isBlank()) {
          throw wrong(
              key,
              "'" + value + "' has a comma without a value before or after it. Delete the comma.");
        }
        parts.add(unquoted(part.toString().strip()));
        part.setLength(0);
        continue;
      }
      part.append(c);
      if (quote < 0 ? quotes.indexOf(c) >= 0 : c == quote) {
        quote = quote < 0 ? c : -1;
      } else if (withParentheses && quote < 0 && (c == '(' || c == ')')) {
        depth = Math.max(0, depth + (c == '(' ? 1 : -1));
      }
    }
    if (!part.isEmpty()) {
      throw wrong(
          key, "'" + value + "' has a quote or a parenthesis that is not closed. Close it.");
    }
    return parts;
  }

  private static String unquoted(String part) {
    boolean isQuoted = part.length() > 2 && part.startsWith("\"") && part.endsWith("\"");
    return isQuoted ? part.substring(1, part.length() - 1) : part;
  }

  /** Returns a value whose creation may reject what the file has at a key. */
  <T> T at(String key, Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw message.startsWith(place()) ? e : wrong(key, message);
    }
  }

  /** Returns the field that a key declares, with the scale of the key that ends with SCALE. */
  Field<BigDecimal> decimal(String key, String name) {
    String scaleKey = key + SCALE;
    String scale = value(scaleKey, DEFAULT_SCALE);
    if (!scale.matches("[0-9]{1,3}")) {
      throw wrong(
          scaleKey,
          "'%s' is not a number of digits. Write how many digits follow the decimal point, from 1 to 18."
              .formatted(scale));
    }
    return at(has(scaleKey) ? scaleKey : key, () -> Field.decimal(name, Integer.parseInt(scale)));
  }

  IllegalArgumentException wrong(String key, String message) {
    return new IllegalArgumentException("%s, key '%s': %s".formatted(file, key, message));
  }

  /** Returns how each message of {@link #wrong} starts. */
  private String place() {
    return file + ", key '";
  }

  /** Returns the words that suggest a known name for a wrong one, or the empty text. */
  static String hint(String name, Collection<String> known) {
    return SimilarNames.nearest(name, known)
        .map(similar -> " Did you mean '" + similar + "'?")
        .orElse("");
  }
}
