package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.call.SanFranciscoCalls;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

final class FormatOption {
  /** The available formats, with their names on the command line. */
  enum Format {
    SF_2018,
    DATASF;

    private CallFormat format() {
      return switch (this) {
        case SF_2018 -> SanFranciscoCalls.json();
        case DATASF -> DataSfCalls.json();
      };
    }

    @Override
    public String toString() {
      return Converters.nameOf(this);
    }
  }

  @Option(
      names = "--format",
      paramLabel = "sf-2018|datasf",
      description =
          "The format of records: San Francisco's calls of 2018, or the feeds of DataSF. Default:"
              + " sf-2018, and with --datasf datasf.")
  private @Nullable Format format;

  /** Returns whether the user specified a format other than this one. */
  boolean excludes(Format other) {
    return format != null && format != other;
  }

  /** Returns the name of a format on the command line. */
  static String nameOf(CallFormat format) {
    return Stream.of(Format.values())
        .filter(known -> known.format().name().equals(format.name()))
        .map(Format::toString)
        .findFirst()
        .orElseGet(format::name);
  }

  CallFormat format() {
    return (format == null ? Format.SF_2018 : format).format();
  }
}
