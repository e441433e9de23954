package consumer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.SLF4JServiceProvider;

/** Checks for files that a class path may contain only once. */
final class ClassPath {
  private static final List<String> JARS =
      Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
          .map(path -> new File(path).getName())
          .toList();

  private ClassPath() {}

  static void hasOneLoggingBindingAndOneJackson() {
    assertThat(ServiceLoader.load(SLF4JServiceProvider.class)).hasSize(1);
    assertThat(LoggerFactory.getILoggerFactory())
        .isInstanceOf(ch.qos.logback.classic.LoggerContext.class);

    Version jackson = new JsonFactory().version();
    assertThat(new JsonMapper().version().toString()).isEqualTo(jackson.toString());
    String minor = jackson.getMajorVersion() + "." + jackson.getMinorVersion();
    assertThat(jarsOf("jackson-core")).hasSize(1);
    assertThat(jarsOf("jackson-databind")).hasSize(1);
    assertThat(jarsOf("jackson-annotations")).hasSize(1);
    assertThat(JARS)
        .filteredOn(jar -> jar.startsWith("jackson-"))
        .allMatch(jar -> jar.contains("-" + minor + ".") || jar.endsWith("-" + minor + ".jar"));
  }

  private static List<String> jarsOf(String artifact) {
    Pattern name = Pattern.compile(artifact + "-\\d.*\\.jar");
    return JARS.stream().filter(jar -> name.matcher(jar).matches()).toList();
  }
}
