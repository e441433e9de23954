package io.callstream.kafka.source;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;

/** A library that an application adds only if it reads such data. */
enum OptionalLibrary {
  COMMONS_COMPRESS(
      "org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream",
      "Reading bzip2 data",
      "org.apache.commons:commons-compress:1.28.0"),
  COMMONS_CSV(
      "org.apache.commons.csv.CSVParser", "Reading CSV", "org.apache.commons:commons-csv:1.10.0");

  private final String className;
  private final String feature;
  private final String coordinates;

  OptionalLibrary(String className, String feature, String coordinates) {
    this.className = className;
    this.feature = feature;
    this.coordinates = coordinates;
  }

  /**
   * Requires the library, before a class that uses it is loaded.
   *
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if it is not on the class path
   */
  void require() {
    try {
      Class.forName(className, false, OptionalLibrary.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          feature
              + " needs a library that is not on the class path. Add the dependency "
              + coordinates
              + ".",
          e);
    }
  }
}
