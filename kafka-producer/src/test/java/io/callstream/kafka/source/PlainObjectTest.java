package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Compares the copies of plain objects with Jackson: an object that is taken for plain has the same
 * bytes and the same end when it is read token by token.
 *
 * <p>{@code -Dcallstream.fuzz.inputs=2000000} sets the number of inputs. {@code
 * -Dcallstream.fuzz.seed} sets the first seed, which a failure reports.
 */
@Tag("campaign")
class PlainObjectTest {
  private static final int INPUTS = Integer.getInteger("callstream.fuzz.inputs", 20_000);
  private static final JsonFactory JSON = new JsonFactory();
  private static final List<String> CALLS = Reading.texts(SyntheticCalls.of(50));
  private static final List<String> SPACES =
      List.of("", " ", "\n", "\r\n    ", "\t", " ".repeat(8), " ".repeat(23), "\n ".repeat(5));
  private static final String NOISE = "\"\\{}[]:, \n\t\r\0\u001f\u007f\u0080\u00e9\u00ff0aZ~!";

  /** Reused, so that remains of one object in the buffer meet the next object. */
  private final PlainObject plain = new PlainObject();

  @Test
  void whatIsPlainIsWhatJacksonReads() throws IOException {
    long first = Long.getLong("callstream.fuzz.seed", new SplittableRandom().nextLong());
    int copied = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] text = text(new Random(first + i));
      String difference = difference(text);
      if (difference == null) {
        continue;
      }
      copied++;
      if (!difference.isEmpty()) {
        throw new AssertionError(
            difference
                + ", -Dcallstream.fuzz.seed="
                + first
                + " -Dcallstream.fuzz.inputs="
                + (i + 1)
                + ", text "
                + HexFormat.of().formatHex(text));
      }
    }
    System.out.printf("%d texts from seed %d, %d of them plain%n", INPUTS, first, copied);
    // The comparison is useful only if there are many of both.
    assertThat(copied).isBetween(INPUTS / 4, INPUTS * 9 / 10);
  }

  /**
   * Returns the difference, or an empty string if there is none; null if the object is not plain.
   */
  private @Nullable String difference(byte[] text) throws IOException {
    // Meaningless bytes follow, and must not be read as content.
    byte[] buffer = Arrays.copyOf(text, text.length + Long.BYTES);
    Arrays.fill(buffer, text.length, buffer.length, (byte) "\"} ".charAt(text.length % 3));
    int end = plain.copy(buffer, 0, text.length);
    if (end < 0) {
      return null;
    }
    try (JsonParser json = JSON.createParser(text)) {
      json.nextToken();
      byte[] expected = new CompactJson().copyOf(json);
      long expectedEnd = json.currentLocation().getByteOffset();
      return end != expectedEnd
          ? "it ends at " + end + ", not at " + expectedEnd
          : Arrays.equals(plain.bytes(), expected)
              ? ""
              : "it is " + new String(plain.bytes(), ISO_8859_1);
    } catch (IOException e) {
      return "it is no JSON: " + e.getMessage();
    }
  }

  /** Creates an object with bytes after it, with white space and damage. */
  private static byte[] text(Random random) {
    String call = CALLS.get(random.nextInt(CALLS.size()));
    String space = SPACES.get(random.nextInt(SPACES.size()));
    String other = SPACES.get(random.nextInt(SPACES.size()));
    StringBuilder text =
        new StringBuilder(
            call.replace("\":", "\"" + other + ":" + space)
                .replace("\",", space + "\"" + space + "," + other)
                .replace("}", space + "}" + other + ","));
    int second = text.indexOf(",") + 1;
    int third = text.indexOf(",", second) + 1;
    switch (random.nextInt(16)) {
      case 0 -> text.insert(third, text.substring(second, third));
      case 1 -> text.replace(0, second, "{");
      case 2 -> text.delete(second, third);
      default -> {}
    }
    while (random.nextInt(3) == 0 && text.length() > 1) {
      int at = random.nextInt(text.length());
      char c = NOISE.charAt(random.nextInt(NOISE.length()));
      switch (random.nextInt(4)) {
        case 0 -> text.setCharAt(at, c);
        case 1 -> text.insert(at, c);
        case 2 -> text.deleteCharAt(at);
        default -> text.setLength(Math.max(1, at));
      }
    }
    if (text.charAt(0) != '{') {
      text.insert(0, '{');
    }
    return text.toString().getBytes(ISO_8859_1);
  }
}
