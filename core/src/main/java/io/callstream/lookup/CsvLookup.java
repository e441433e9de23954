package io.callstream.lookup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A table in a CSV file. */
final class CsvLookup implements LookupSource {
  private final Path file;

  CsvLookup(Path file) {
    this.file = file;
  }

  /** Distinguishes versions of a file. A rename gives the file another key. */
  private record Version(FileTime modified, long size, @Nullable Object key) {
    static Version of(Path file) throws IOException {
      BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
      return new Version(now.lastModifiedTime(), now.size(), now.fileKey());
    }
  }

  @Override
  public String description() {
    return file.toString();
  }

  @Override
  public Reader open(LookupTable table) {
    return new Reader() {
      private @Nullable Version last;

      @Override
      public Optional<Map<String, List<String>>> poll() {
        try {
          // The version is taken first. A file that is replaced meanwhile is read again.
          Version now = Version.of(file);
          if (now.equals(last)) {
            return Optional.empty();
          }
          Map<String, List<String>> rows = read(table);
          last = now;
          return Optional.of(rows);
        } catch (IOException e) {
          throw new CallstreamException(
              ErrorCode.LOOKUP_FAILED,
              "The table of the lookup '%s' in %s can't be used: %s. Correct the file, and replace it by a rename."
                  .formatted(table.name(), file, reason(e)),
              e);
        }
      }
    };
  }

  private Map<String, List<String>> read(LookupTable table) throws IOException {
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(Files.newInputStream(file), UTF_8.newDecoder()))) {
      return new CsvTable(in).rows(table);
    }
  }

  private static String reason(IOException e) {
    return e instanceof NoSuchFileException
        ? "there is no such file"
        : e instanceof CharacterCodingException
            ? "it is not text in UTF-8"
            : String.valueOf(e.getMessage());
  }
}
