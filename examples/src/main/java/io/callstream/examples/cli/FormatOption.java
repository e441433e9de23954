package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.CallFormats;
import io.callstream.call.DataSfCalls;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.definition.DefinitionFile;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options that specify the format of records. */
final class FormatOption {
  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description =
          "The format of records: sf-2018 (San Francisco's calls of 2018), datasf (the feeds of"
              + " DataSF), seattle, new-orleans, or a format of --format-jar. Default: sf-2018, and"
              + " with --datasf datasf.")
  private @Nullable String name;

  @Option(
      names = "--format-jar",
      paramLabel = "FILE",
      description =
          "A jar that provides formats for --format, or that such a jar needs; may be given several"
              + " times.")
  private List<Path> jars = new ArrayList<>();

  @Option(
      names = "--format-file",
      paramLabel = "FILE",
      description =
          "A file that describes the format of records, and optionally the statistics, instead of"
              + " --format.")
  private @Nullable Path file;

  private @Nullable DefinitionFile definition;

  /** Returns whether the user specified a format other than the one with this name. */
  boolean excludes(String other) {
    return file != null || (name != null && !name.equals(other));
  }

  /** Returns whether synthetic calls exist in this format. */
  boolean isSynthetic() {
    return !excludes(SanFranciscoCalls.json().name()) || !excludes(DataSfCalls.json().name());
  }

  /** Returns the file that describes the format, or empty if the user named a format. */
  Optional<DefinitionFile> definition() {
    Path of = file;
    if (of == null) {
      return Optional.empty();
    }
    if (name != null) {
      throw Usage.wrong(
          command, "--format and --format-file exclude each other: give the one or the other.");
    }
    if (definition == null) {
      definition = Usage.of(command, () -> DefinitionFile.read(of));
    }
    return Optional.of(definition);
  }

  /** Returns a class loader with the jars. The engines use it as well, through the thread. */
  private ClassLoader loader() {
    if (jars.isEmpty()) {
      return FormatOption.class.getClassLoader();
    }
    URL[] urls = jars.stream().map(this::url).toArray(URL[]::new);
    ClassLoader loader = new URLClassLoader(urls, FormatOption.class.getClassLoader());
    Thread.currentThread().setContextClassLoader(loader);
    return loader;
  }

  private URL url(Path jar) {
    if (!Files.isReadable(jar)) {
      throw Usage.wrong(command, "--format-jar " + jar + " can't be read. Name a jar.");
    }
    try {
      return jar.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new UncheckedIOException(e);
    }
  }

  CallFormat format() {
    Optional<DefinitionFile> file = definition();
    String named = name;
    if (!jars.isEmpty() && named == null) {
      throw Usage.wrong(command, "--format-jar is for --format; name a format of the jar.");
    }
    if (file.isEmpty()) {
      return named == null
          ? SanFranciscoCalls.json()
          : Usage.of(command, () -> CallFormats.named(named, loader()));
    }
    return file.get()
        .format()
        .orElseThrow(
            () ->
                Usage.wrong(
                    command,
                    "--format-file "
                        + file.get()
                        + " describes statistics only. Add name, zone and time to it, or use"
                        + " --statistics-file."));
  }
}
