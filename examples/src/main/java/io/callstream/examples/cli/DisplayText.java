package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.sink.Plural;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Formats numbers and untrusted text for people. */
final class DisplayText {
  private DisplayText() {}

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  static String records(long number) {
    return Plural.of(number, "record");
  }

  /** Returns the maximum number of records in a range of offsets as text. */
  static String atMost(long offsets) {
    return offsets == 0 ? records(0) : "at most " + records(offsets);
  }

  static String seconds(Duration duration) {
    return format("%.1f s", duration.toMillis() / 1e3);
  }

  static String roughly(Duration duration) {
    if (duration.toMinutes() == 0) {
      return duration.toSeconds() + " s";
    }
    return duration.toHours() == 0
        ? format("%d min %d s", duration.toMinutes(), duration.toSecondsPart())
        : format("%,d h %d min", duration.toHours(), duration.toMinutesPart());
  }

  /** Returns the reason why a file could not be used, for people. */
  static String reason(Exception e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "a file is in the way";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  /**
   * Returns bytes of unknown origin as text that is safe for a terminal. The text is UTF-8. Bytes
   * that are not UTF-8 appear as {@code \xff}. Invisible characters, including line breaks, appear
   * as {@code \n} or {@code \}{@code u001b}.
   */
  static String harmless(byte @Nullable [] bytes) {
    if (bytes == null) {
      return "(no value)";
    }
    StringBuilder text = new StringBuilder(bytes.length + 16);
    CharsetDecoder decoder = UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer decoded = CharBuffer.allocate(bytes.length);
    while (in.hasRemaining()) {
      CoderResult result = decoder.decode(in, decoded, true);
      decoded.flip().codePoints().forEach(codePoint -> append(text, codePoint));
      decoded.clear();
      for (int i = result.isError() ? result.length() : 0; i > 0; i--) {
        text.append(format("\\x%02x", in.get() & 0xff));
      }
      decoder.reset();
    }
    return text.toString();
  }

  private static void append(StringBuilder text, int codePoint) {
    switch (codePoint) {
      case '\n' -> text.append("\\n");
      case '\r' -> text.append("\\r");
      case '\t' -> text.append("\\t");
      default -> {
        if (isVisible(codePoint)) {
          text.appendCodePoint(codePoint);
        } else {
          text.append(format("\\u%04x", codePoint));
        }
      }
    }
  }

  private static boolean isVisible(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }
}
