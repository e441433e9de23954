package io.callstream.internal.notation;

import io.callstream.internal.failures.EnvironmentFailures;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The location of a checkpoint: a directory on this machine, or a URI of a file system that the
 * engine supports.
 *
 * @param text the location for the engine: a URI as the user specified it, or the absolute path of
 *     a directory
 * @param local the directory, if it is on this machine; otherwise null
 */
public record CheckpointLocation(String text, @Nullable Path local) {
  /** One letter before a colon would be a drive. A colon without a slash is part of a name. */
  private static final Pattern URI = Pattern.compile("\\p{Alpha}[\\p{Alnum}+.-]+:/.*");

  private static final Pattern FILE_URI = Pattern.compile("file:(?://[^/]*)?(?=/)");

  /** Returns whether this is a URI of a file system that is not on this machine. */
  public boolean isElsewhere() {
    return local == null && !text.isBlank();
  }

  /** Reads a location. Does not reject a blank one; the caller does. */
  public static CheckpointLocation of(String value) {
    if (value.isBlank()) {
      return new CheckpointLocation(value, null);
    }
    if (!URI.matcher(value).matches()) {
      Path directory = EnvironmentFailures.path(value);
      return new CheckpointLocation(directory.toAbsolutePath().toString(), directory);
    }
    // Hadoop uses the path of a URI unchanged: %20 does not mean a space.
    return FILE_URI.matcher(value).lookingAt()
        ? new CheckpointLocation(
            value, EnvironmentFailures.path(FILE_URI.matcher(value).replaceFirst("")))
        : new CheckpointLocation(value, null);
  }
}
