package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.call.SanFranciscoCalls;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

final class FormatOption {
  enum Format {
    SF_2018,
    DATASF
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
    return format instanceof DataSfCalls ? "datasf" : "sf-2018";
  }

  CallFormat format() {
    return format == Format.DATASF ? DataSfCalls.json() : SanFranciscoCalls.json();
  }
}
