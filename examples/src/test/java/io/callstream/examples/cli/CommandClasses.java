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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The class path of commands in separate processes, with an archive of loaded classes. The archive
 * halves the processor time of a command that starts Spark.
 *
 * <p>A JVM accepts an archive only for jars. Therefore the directories of the class path are packed
 * into one jar. The first test that needs the jar and the archive creates them, once for all JVMs
 * that run tests.
 */
final class CommandClasses {
  private static final Path TARGET = Path.of("target");
  private static final Path JAR = TARGET.resolve("commands.jar").toAbsolutePath();
  private static final Path ARCHIVE = TARGET.resolve("commands.jsa").toAbsolutePath();
  private static final Path LOCK = TARGET.resolve("commands.lock");
  private static final String CLASS_PATH = prepare();

  private CommandClasses() {}

  /** Returns the options of the JVM that set the class path and the archive. */
  static List<String> options() {
    return List.of("-XX:SharedArchiveFile=" + ARCHIVE, "-cp", CLASS_PATH);
  }

  private static String prepare() {
    List<Path> entries =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .toList();
    List<Path> directories = entries.stream().filter(Files::isDirectory).toList();
    String classPath =
        Stream.concat(Stream.of(JAR), entries.stream().filter(Files::isRegularFile))
            .map(Path::toString)
            .collect(Collectors.joining(File.pathSeparator));
    try (FileChannel lock =
            FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock held = lock.lock()) {
      Map<String, Path> files = files(directories);
      if (held.isValid() && isOutdated(files.values())) {
        pack(files);
        record(classPath);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return classPath;
  }

  /** Returns the files of directories by their names in a jar. */
  private static Map<String, Path> files(List<Path> directories) throws IOException {
    Map<String, Path> files = new LinkedHashMap<>();
    for (Path directory : directories) {
      try (Stream<Path> all = Files.walk(directory)) {
        all.filter(Files::isRegularFile)
            .forEach(
                file ->
                    files.putIfAbsent(
                        directory.relativize(file).toString().replace(File.separatorChar, '/'),
                        file));
      }
    }
    return files;
  }

  private static boolean isOutdated(Iterable<Path> files) throws IOException {
    if (!Files.exists(JAR) || !Files.exists(ARCHIVE)) {
      return true;
    }
    for (Path file : files) {
      if (Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(JAR)) > 0) {
        return true;
      }
    }
    return false;
  }

  private static void pack(Map<String, Path> files) throws IOException {
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(JAR));
        ZipOutputStream jar = new ZipOutputStream(out)) {
      for (Map.Entry<String, Path> file : files.entrySet()) {
        jar.putNextEntry(new ZipEntry(file.getKey()));
        Files.copy(file.getValue(), jar);
      }
    }
  }

  /** Runs a command that uses the broker and Spark, and archives the classes that it loads. */
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
      // Without the archive, commands only take longer.
      int status = demo.waitFor();
      if (status != 0) {
        System.err.println("The command that archives classes ended with status " + status);
      }
    } catch (InterruptedException e) {
      demo.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
