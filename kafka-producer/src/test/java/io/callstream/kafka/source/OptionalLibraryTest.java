package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.callstream.CallstreamException;
import java.io.File;
import java.io.OutputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.csv.CSVFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without an optional library, only the sources that need it fail, and name it. */
class OptionalLibraryTest {
  private static final String CSV = "crime_id,original_crime_type_name\n1,Noise\n";

  @TempDir private Path directory;

  /** Opens a file and returns its first record. */
  public static final class FirstRecord {
    private FirstRecord() {}

    /** Is called in the class loader without the library. */
    public static String of(Path file) {
      try (CallRecords records = CallSource.file(file).open()) {
        return new String(records.next(), UTF_8);
      }
    }
  }

  /** Reads a file with the class path of this test, without the libraries of a name. */
  private static String readWithout(String library, Path file) throws Throwable {
    URL[] classPath =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(entry -> !Path.of(entry).getFileName().toString().startsWith(library + "-"))
            .map(OptionalLibraryTest::url)
            .toArray(URL[]::new);
    try (URLClassLoader loader =
        new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
      return (String)
          loader
              .loadClass(FirstRecord.class.getName())
              .getMethod("of", Path.class)
              .invoke(null, file);
    } catch (java.lang.reflect.InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static URL url(String entry) {
    try {
      return Path.of(entry).toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    }
  }

  private Path bzip2(String name, String content) throws Exception {
    Path file = directory.resolve(name);
    try (OutputStream out = new BZip2CompressorOutputStream(Files.newOutputStream(file))) {
      out.write(content.getBytes(UTF_8));
    }
    return file;
  }

  private void assertFailsWithout(String library, Path file, String feature, String coordinates) {
    assertThatThrownBy(() -> readWithout(library, file))
        .extracting(Object::getClass)
        .extracting(Class::getName)
        .isEqualTo(CallstreamException.class.getName());
    assertThatThrownBy(() -> readWithout(library, file))
        .hasMessageStartingWith(feature)
        .hasMessageEndingWith("Add the dependency " + coordinates + ".");
  }

  @Test
  void csvNeedsCommonsCsv() throws Throwable {
    Path file = Files.writeString(directory.resolve("calls.csv"), CSV);

    assertFailsWithout(
        "commons-csv",
        file,
        "Reading CSV",
        "org.apache.commons:commons-csv:" + versionOf(CSVFormat.class));
    assertThat(readWithout("commons-compress", file)).contains("Noise");
  }

  @Test
  void bzip2NeedsCommonsCompress() throws Throwable {
    Path file = bzip2("calls.ndjson.bz2", "{\"crime_id\":\"1\"}\n");

    assertFailsWithout(
        "commons-compress",
        file,
        "Reading bzip2 data",
        "org.apache.commons:commons-compress:" + versionOf(BZip2CompressorOutputStream.class));
    assertThat(readWithout("commons-csv", file)).isEqualTo("{\"crime_id\":\"1\"}");
  }

  private static String versionOf(Class<?> library) {
    return library.getPackage().getImplementationVersion();
  }
}
