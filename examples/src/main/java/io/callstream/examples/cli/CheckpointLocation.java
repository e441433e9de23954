package io.callstream.examples.cli;

import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a checkpoint is: a directory of this machine, or a URI of a file system that the engine
 * knows.
 *
 * @param text what the engine is told: a URI as it was given, a directory as an absolute path
 * @param local the directory, if it is one of this machine
 */
record CheckpointLocation(String text, @Nullable Path local) {
  /** One letter before a colon would be a drive; a colon without a slash is part of a name. */
  private static final Pattern URI = Pattern.compile("\\p{Alpha}[\\p{Alnum}+.-]+:/.*");

  private static final Pattern FILE_URI = Pattern.compile("file:(?://[^/]*)?(?=/)");

  /** Returns whether this is a URI of another file system than this machine's. */
  boolean isElsewhere() {
    return local == null && !text.isBlank();
  }

  /** Reads an option's value; one that is blank is left to whoever refuses it. */
  static CheckpointLocation of(String value) {
    if (value.isBlank()) {
      return new CheckpointLocation(value, null);
    }
    if (!URI.matcher(value).matches()) {
      Path directory = Path.of(value);
      return new CheckpointLocation(directory.toAbsolutePath().toString(), directory);
    }
    // Hadoop takes the path of a URI as it stands: %20 is no space.
    return FILE_URI.matcher(value).lookingAt()
        ? new CheckpointLocation(value, Path.of(FILE_URI.matcher(value).replaceFirst("")))
        : new CheckpointLocation(value, null);
  }
}
