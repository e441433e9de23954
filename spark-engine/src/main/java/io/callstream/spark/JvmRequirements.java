package io.callstream.spark;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Checks Spark 3.5's requirements on the JVM, and reports what is missing before Spark fails with a
 * less clear message.
 */
final class JvmRequirements {
  private static final int MIN_JAVA = 17;

  /** The first Java version without the JDK methods that Hadoop 3.3 calls. */
  private static final int TOO_NEW_JAVA = 24;

  /**
   * The packages of java.base that Spark accesses by reflection. The manifests of the runnable jars
   * contain the same list.
   */
  static final List<String> OPENED_PACKAGES =
      List.of(
          "java.lang",
          "java.lang.invoke",
          "java.lang.reflect",
          "java.io",
          "java.net",
          "java.nio",
          "java.util",
          "java.util.concurrent",
          "java.util.concurrent.atomic",
          "sun.nio.ch",
          "sun.nio.cs",
          "sun.security.action",
          "sun.util.calendar");

  private JvmRequirements() {}

  static void check() {
    int version = Runtime.version().feature();
    if (version < MIN_JAVA || version >= TOO_NEW_JAVA) {
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          "Spark 3.5 does not run on Java "
              + version
              + ". Run with Java 17: set JAVA_HOME to a JDK 17.");
    }
    Module base = Object.class.getModule();
    Module ours = JvmRequirements.class.getModule();
    List<String> closed =
        OPENED_PACKAGES.stream()
            .filter(name -> base.getPackages().contains(name) && !base.isOpen(name, ours))
            .toList();
    if (closed.isEmpty()) {
      return;
    }
    boolean isCluster = "cluster".equals(System.getProperty("spark.submit.deployMode"));
    throw new CallstreamException(
        ErrorCode.ENVIRONMENT,
        "Spark needs packages of java.base opened on Java 17"
            + (isCluster
                ? ", and spark-submit --deploy-mode cluster does not open them in the driver. Add to"
                    + " the command\n  --driver-java-options \""
                    + flags(" ")
                    + "\""
                : ". Start java with\n  "
                    + flags(" \\\n  ")
                    + "\nor put into the manifest of your runnable jar\n  Add-Opens: java.base/"
                    + String.join(" java.base/", OPENED_PACKAGES))
            + "\n(closed now: "
            + String.join(", ", closed)
            + ")");
  }

  private static String flags(String separator) {
    return OPENED_PACKAGES.stream()
        .map(name -> "--add-opens=java.base/" + name + "=ALL-UNNAMED")
        .collect(Collectors.joining(separator));
  }
}
