package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Tests the launcher in checkouts that contain a small program instead of the command line. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no bash")
class LauncherTest {
  private static final List<String> MODULES =
      List.of("core", "spark-engine", "kafka-producer", "benchmarks", "examples");
  private static final String ANOTHER_USER = "54321";

  @TempDir Path directory;

  private record Ended(int status, String out, String err) {}

  /** Prints its arguments and the system properties that the launcher sets. */
  static final class Echo {
    private Echo() {}

    public static void main(String[] args) {
      PrintStream out = new PrintStream(System.out, true, UTF_8);
      out.println("arguments " + List.of(args));
      out.println("property " + System.getProperty("echo"));
      out.println("file names " + System.getProperty("sun.jnu.encoding"));
      out.println("address " + System.getenv("SPARK_LOCAL_IP"));
    }
  }

  @Test
  void runsWithWhatAnEnvironmentMayHold() throws Exception {
    Path checkout = built("checkout");
    Path startup =
        Files.writeString(
            directory.resolve("startup.sh"), "cd() { echo moved; builtin cd \"$@\"; }\n");
    Map<String, String> environment =
        Map.of(
            "CDPATH", ".:..:" + directory,
            "BASH_ENV", startup.toString(),
            "SHELLOPTS", "noclobber",
            "POSIXLY_CORRECT", "1",
            "GREP_OPTIONS", "--color=always",
            "JAVA_TOOL_OPTIONS", "-Dtool='version \"8'",
            "CALLSTREAM_JAVA_OPTS", "-Decho=*");

    Ended ended = run(directory, environment, "bash", "checkout/callstream", "demo", "*");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).startsWith("arguments [demo, *]\nproperty *\n");
    assertThat(run(checkout.getParent(), environment, checkout + "/callstream").status()).isZero();
  }

  @Test
  @EnabledOnOs(value = OS.LINUX, disabledReason = "elsewhere file names are UTF-8 in every locale")
  void choosesALocaleForFileNamesThatAreNotAscii() throws Exception {
    built("größe mit raum");
    for (String locale : List.of("C", "POSIX", "xx_XX.UTF-8")) {
      Ended ended =
          run(
              directory,
              Map.of("LC_ALL", locale),
              "bash",
              "-c",
              "'größe mit raum/callstream' --output ärger");

      assertThat(ended.status()).as(ended.err()).isZero();
      assertThat(ended.out()).contains("arguments [--output, ärger]").contains("file names UTF-8");
    }
  }

  @Test
  void tuneStartsTheMainClassOfTheStudy() throws Exception {
    built("checkout");

    Ended ended = run(directory, Map.of(), "checkout/callstream", "tune", "--seed", "2");
    Ended help = run(directory, Map.of(), "checkout/callstream", "help", "tune");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("arguments [--seed, 2]", "property tune");
    assertThat(help.out()).contains("arguments [--help]", "property tune");
  }

  @Test
  void bindsSparkToTheLoopbackAddressUnlessAClusterMustReachIt() throws Exception {
    built("checkout");
    Map<String, String> set = Map.of("SPARK_LOCAL_IP", "10.0.0.7");

    assertThat(run(directory, Map.of(), "checkout/callstream", "demo").out())
        .contains("address 127.0.0.1");
    assertThat(
            run(directory, Map.of(), "checkout/callstream", "demo", "--master", "local[2]").out())
        .contains("address 127.0.0.1");
    assertThat(
            run(directory, Map.of(), "checkout/callstream", "demo", "--master=spark://a:1").out())
        .contains("address null");
    assertThat(run(directory, Map.of(), "checkout/callstream", "--conf", "spark.master=yarn").out())
        .contains("address null");
    assertThat(run(directory, set, "checkout/callstream", "demo").out())
        .contains("address 10.0.0.7");
  }

  @Test
  void takesAJavaHomeWithSpaces() throws Exception {
    built("checkout");
    Path home =
        Files.createSymbolicLink(
            directory.resolve("java home"), Path.of(System.getProperty("java.home")));

    Ended ended =
        run(directory, Map.of("JAVA_HOME", home.toString()), "checkout/callstream", "demo");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("arguments [demo]");
  }

  @Test
  void runsThroughASymbolicLinkInAnotherDirectory() throws Exception {
    built("checkout");
    Path bin = Files.createDirectory(directory.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("callstream"), Path.of("../checkout/callstream"));

    Ended ended = run(bin, Map.of("CDPATH", "..:."), "./callstream", "demo");

    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("arguments [demo]");
  }

  @Test
  void anotherUserRunsABuiltCheckoutAndIsToldWhyAnUnbuiltOneIsNotBuilt() throws Exception {
    List<String> another =
        List.of(
            "setpriv",
            "--reuid",
            ANOTHER_USER,
            "--regid",
            ANOTHER_USER,
            "--clear-groups",
            "--inh-caps=-all");
    // The JDK may be in the home directory of this user.
    assumeCan(
        another, Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version");
    Path checkout = built("checkout");
    allRead(directory);
    List<String> launcher = new ArrayList<>(another);
    launcher.addAll(List.of(checkout + "/callstream", "demo"));
    String[] line = launcher.toArray(String[]::new);

    Ended ended = run(directory, Map.of(), line);
    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("arguments [demo]");

    // The owner has pulled a change, and a build left files that belong to the owner.
    Files.setLastModifiedTime(
        checkout.resolve("core/pom.xml"),
        FileTime.from(java.time.Instant.parse("2100-01-01T00:00:00Z")));
    assertToldToBuild(run(directory, Map.of(), line), checkout.resolve("core"));

    deleteTarget(checkout);
    assertToldToBuild(run(directory, Map.of(), line), checkout.resolve("core"));
  }

  @Test
  void aReadOnlyCheckoutRunsIfItIsBuilt() throws Exception {
    Path checkout = built("checkout");
    List<String> mounted =
        List.of(
            "unshare",
            "-rm",
            "sh",
            "-c",
            "mount --bind '"
                + checkout
                + "' '"
                + checkout
                + "' && mount -o remount,ro,bind '"
                + checkout
                + "' && exec \"$@\"",
            "sh");
    assumeCan(mounted, "true");
    List<String> launcher = new ArrayList<>(mounted);
    launcher.addAll(List.of(checkout + "/callstream", "demo"));
    String[] line = launcher.toArray(String[]::new);

    Ended ended = run(directory, Map.of(), line);
    assertThat(ended.status()).as(ended.err()).isZero();
    assertThat(ended.out()).contains("arguments [demo]");

    deleteTarget(checkout);
    assertToldToBuild(run(directory, Map.of(), line), checkout.resolve("core"));
  }

  private static void assertToldToBuild(Ended ended, Path unwritable) {
    assertThat(ended.status()).as(ended.out()).isEqualTo(1);
    assertThat(ended.err())
        .startsWith("callstream: It must be built")
        .contains(unwritable.toString(), "copy the checkout")
        .doesNotContain("line ", "ermission denied")
        .hasLineCount(1);
  }

  /** Creates a checkout that is built. */
  private Path built(String name) throws IOException {
    Path checkout = Files.createDirectory(directory.resolve(name));
    Files.copy(Path.of("..", "callstream"), checkout.resolve("callstream"));
    Files.setPosixFilePermissions(
        checkout.resolve("callstream"), PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(checkout.resolve("pom.xml"), "<project/>");
    for (String module : MODULES) {
      Files.createDirectories(checkout.resolve(module).resolve("src/main"));
      Files.writeString(checkout.resolve(module).resolve("pom.xml"), "<project/>");
    }
    Path target = Files.createDirectory(checkout.resolve("examples/target"));
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Echo.class.getName());
    String entry = Echo.class.getName().replace('.', '/') + ".class";
    Path jar = target.resolve("callstream.jar");
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest);
        InputStream bytes = Echo.class.getResourceAsStream("/" + entry)) {
      out.putNextEntry(new JarEntry(entry));
      out.write(bytes.readAllBytes());
    }
    Files.setLastModifiedTime(jar, FileTime.fromMillis(System.currentTimeMillis() + 60_000));
    Files.writeString(
        Files.createDirectory(checkout.resolve("benchmarks/target")).resolve("tune.args"),
        "-cp \"" + jar + "\" -Decho=tune\n" + Echo.class.getName() + "\n");
    return checkout;
  }

  private static void deleteTarget(Path checkout) throws IOException {
    Files.delete(checkout.resolve("examples/target/callstream.jar"));
    Files.delete(checkout.resolve("examples/target"));
  }

  private static void allRead(Path root) throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes)
              throws IOException {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private void assumeCan(List<String> prefix, String... command) throws Exception {
    List<String> line = new ArrayList<>(prefix);
    line.addAll(List.of(command));
    boolean can;
    try {
      can = run(directory, Map.of(), line.toArray(String[]::new)).status() == 0;
    } catch (IOException e) {
      can = false;
    }
    assumeTrue(can, "this user may not do: " + String.join(" ", line));
  }

  private Ended run(Path from, Map<String, String> environment, String... line) throws Exception {
    Path out = Files.createTempFile(directory, "out", ".txt");
    Path err = Files.createTempFile(directory, "err", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .directory(from.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(Files.readString(err)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
  }
}
