package io.callstream.call;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class TextDictionaryTest {
  private final TextDictionary dictionary = new TextDictionary();

  private String text(String text) {
    byte[] bytes = ("<" + text + ">").getBytes(ISO_8859_1);
    return dictionary.text(bytes, 1, bytes.length - 1);
  }

  @Test
  void returnsTheSameStringForEqualBytes() {
    assertThat(text("HAN")).isEqualTo("HAN").isSameAs(text("HAN"));
    assertThat(text("")).isEmpty();
    assertThat(text("HAN ")).isEqualTo("HAN ");
  }

  @Test
  void isCorrectForManyTexts() {
    Random random = new Random(3);
    for (int i = 0; i < 400_000; i++) {
      String text = Integer.toString(random.nextInt(200_000), 36);
      assertThat(text(text).equals(text)).as(text).isTrue();
    }
  }

  @Test
  void isCorrectForTextsWithTheSameHash() {
    for (String text : new String[] {"AaAa", "BBBB", "AaBB", "BBAa"}) {
      assertThat(text(text)).isEqualTo(text);
    }
    for (String text : new String[] {"AaAa", "BBBB", "AaBB", "BBAa"}) {
      assertThat(text(text)).isEqualTo(text);
    }
  }

  @Test
  void doesNotRememberLongTexts() {
    String text = "x".repeat(100_000);
    assertThat(text(text)).isEqualTo(text).isNotSameAs(text(text));
  }
}
