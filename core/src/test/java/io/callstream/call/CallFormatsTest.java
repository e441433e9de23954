package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallFormatsTest {
  @TempDir private Path directory;

  /** Provides a format of another jar. */
  public static final class Orders implements CallFormatProvider {
    @Override
    public CallFormat format() {
      return JsonFormat.builder("orders").zone(ZoneOffset.UTC).time("at").build();
    }
  }

  /** Provides a format with the name of a shipped one. */
  public static final class OtherSeattle implements CallFormatProvider {
    @Override
    public CallFormat format() {
      return JsonFormat.builder("seattle").zone(ZoneOffset.UTC).time("at").build();
    }
  }

  /** Provides a format that cannot be built. */
  public static final class Broken implements CallFormatProvider {
    @Override
    public CallFormat format() {
      return JsonFormat.builder("broken").zone(ZoneOffset.UTC).build();
    }
  }

  private ClassLoader with(Class<?>... providers) throws IOException {
    Path services = Files.createDirectories(directory.resolve("META-INF/services"));
    StringBuilder names = new StringBuilder("org.example.Missing\n");
    for (Class<?> provider : providers) {
      names.append(provider.getName()).append('\n');
    }
    Files.writeString(
        services.resolve("io.callstream.call.CallFormatProvider"), names.toString(), UTF_8);
    return new URLClassLoader(
        new URL[] {directory.toUri().toURL()}, CallFormats.class.getClassLoader());
  }

  @Test
  void findsTheFormatsOfThisLibrary() {
    assertThat(CallFormats.all())
        .extracting(CallFormat::name)
        .contains("sf-2018", "datasf", "seattle", "new-orleans")
        .doesNotHaveDuplicates();
    assertThat(CallFormats.named("seattle").definition())
        .isEqualTo(SeattleCalls.json().definition());
  }

  @Test
  void findsTheFormatOfAProviderAndIgnoresBrokenOnes() throws IOException {
    ClassLoader loader = with(Broken.class, Orders.class);
    assertThat(CallFormats.named("orders", loader).timeField()).isEqualTo("at");
    assertThatThrownBy(() -> CallFormats.named("broken", loader))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'broken'", "datasf, new-orleans, orders, seattle, sf-2018");
  }

  @Test
  void refusesANameThatSeveralFormatsHave() throws IOException {
    ClassLoader loader = with(OtherSeattle.class);
    assertThatThrownBy(() -> CallFormats.named("seattle", loader))
        .isInstanceOfSatisfying(
            CallstreamException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ENVIRONMENT))
        .hasMessageContainingAll("'seattle'", "Rename or remove all but one");
    assertThat(CallFormats.named("datasf", loader)).isNotNull();
  }
}
