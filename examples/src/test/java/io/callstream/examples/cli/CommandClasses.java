package io.callstream.examples.cli;

import java.io.BufferedOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The class path of commands in separate processes, with an archive of loaded classes. The archive
 * halves the processor time of a command that starts Spark.
 *
 * <p>A JVM accepts an archive only for jars. Therefore each directory of the class path is packed
 * into a jar. The first test that needs the jars and the archive creates them, once for all JVMs
 * that run tests.
 */
final class CommandClasses {
  private static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final Path ARCHIVE =
      TARGET.resolve("commands-" + Runtime.version().feature() + ".jsa");
  private static final String CLASS_PATH = prepare();

  private CommandClasses() {}

  /** Returns the options of the JVM that set the class path and the archive. */
  static List<String> options() {
    // Without messages about an archive that does not fit: they would be in the command's output.
    return List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-Xlog:disable", "-cp", CLASS_PATH);
  }

  private static String prepare() {
    List<Path> entries =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .filter(Files::exists)
            .toList();
    try (FileChannel channel =
            FileChannel.open(
                TARGET.resolve("commands.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      boolean outdated = lock.isValid() && isOutdated(entries);
      List<Path> jars = new ArrayList<>();
      for (Path entry : entries) {
        Path jar = entry;
        if (Files.isDirectory(entry)) {
          jar = TARGET.resolve("commands-" + jars.size() + ".jar");
          if (outdated) {
            pack(entry, jar);
          }
        }
        jars.add(jar);
      }
      String classPath =
          jars.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
      if (outdated) {
        record(classPath);
      }
      return classPath;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns whether the archive is missing or older than a file of the class path. */
  private static boolean isOutdated(List<Path> entries) throws IOException {
    if (!Files.exists(ARCHIVE)) {
      return true;
    }
    FileTime archived = Files.getLastModifiedTime(ARCHIVE);
    for (Path entry : entries) {
      for (Path file : files(entry)) {
        if (Files.getLastModifiedTime(file).compareTo(archived) > 0) {
          return true;
        }
      }
    }
    return false;
  }

  private static List<Path> files(Path entry) throws IOException {
    try (Stream<Path> all = Files.walk(entry)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  private static void pack(Path directory, Path jar) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(jar));
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Path file : files(directory)) {
        String name = directory.relativize(file).toString().replace(File.separatorChar, '/');
        zip.putNextEntry(new ZipEntry(name));
        Files.copy(file, zip);
      }
    }
  }

  /**
   * Runs a command that uses the broker and Spark, and archives the classes that it loads. If it
   * fails, an empty file takes the place of the archive: commands then only take longer.
   */
  private static void record(String classPath) throws IOException {
    Files.deleteIfExists(ARCHIVE);
    Path directory = Files.createTempDirectory(TARGET, "commands");
    List<String> line = new ArrayList<>(CommandProcess.jvm(directory));
    line.addAll(List.of("-XX:ArchiveClassesAtExit=" + ARCHIVE, "-cp", classPath));
    line.add(Callstream.class.getName());
    line.addAll(List.of("demo", "--calls", "1000", "--rate", "max", "--no-dashboard", "--output"));
    line.add(directory.resolve("out").toString());
    Process demo =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output.txt").toFile())
            .start();
    try {
      if (!demo.waitFor(3, TimeUnit.MINUTES) || !Files.exists(ARCHIVE)) {
        Files.write(ARCHIVE, new byte[0]);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      demo.destroyForcibly();
    }
  }
}
