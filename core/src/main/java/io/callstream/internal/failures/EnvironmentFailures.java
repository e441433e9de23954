package io.callstream.internal.failures;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import java.nio.charset.Charset;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Recognizes failures that the environment of the JVM causes: memory, native libraries, the
 * character set of file names. They can occur anywhere.
 */
public final class EnvironmentFailures {
  /** Packages whose classes cannot be initialized without a native library. */
  private static final String[] NATIVE = {
    "org.xerial.snappy.", "com.github.luben.zstd.", "org.rocksdb.", "net.jpountz."
  };

  private static final String[] QUOTED = {
    "java.lang.UnsatisfiedLinkError: ", "java.lang.OutOfMemoryError: "
  };

  private EnvironmentFailures() {}

  /** Returns a failure that the environment caused, with the fix. */
  public static Optional<CallstreamException> failure(Throwable failure) {
    for (Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof CallstreamException known && known.code() == ErrorCode.ENVIRONMENT) {
        return Optional.of(known);
      }
      if (isOutOfMemory(e)) {
        return Optional.of(
            new CallstreamException(
                ErrorCode.ENVIRONMENT,
                "Java ran out of memory (" + words(e) + "). " + moreMemory(words(e)),
                failure));
      }
      if (isNativeLibrary(e)) {
        return Optional.of(
            new CallstreamException(
                ErrorCode.ENVIRONMENT,
                ("A native library can't be loaded (%s). Java extracts such libraries into the"
                        + " temporary directory %s, from which the system must allow programs to be"
                        + " loaded: a file system that is mounted noexec does not. Name another"
                        + " directory with -Djava.io.tmpdir=DIR (./callstream takes it from"
                        + " CALLSTREAM_JAVA_OPTS).")
                    .formatted(words(e), System.getProperty("java.io.tmpdir")),
                failure));
      }
    }
    return Optional.empty();
  }

  private static boolean isOutOfMemory(Throwable e) {
    return e instanceof OutOfMemoryError
        || String.valueOf(e.getMessage()).contains("java.lang.OutOfMemoryError");
  }

  private static String moreMemory(String words) {
    if (words.contains("native thread")) {
      return "The system allows no more threads: raise the limit of processes (ulimit -u, or"
          + " pids.max of the container).";
    }
    if (words.contains("irect buffer")) {
      return "Raise -XX:MaxDirectMemorySize (./callstream takes it from CALLSTREAM_JAVA_OPTS).";
    }
    if (words.contains("Metaspace")) {
      return "Raise -XX:MaxMetaspaceSize (./callstream takes it from CALLSTREAM_JAVA_OPTS).";
    }
    return "The heap is at most "
        + (Runtime.getRuntime().maxMemory() >> 20)
        + " MiB. Use a larger heap, such as -Xmx4g (./callstream takes it from CALLSTREAM_JAVA_OPTS; for the"
        + " executors of a Spark cluster it is spark.executor.memory), or let batches be smaller"
        + " (RunOptions.readingAtMost, --max-offsets-per-trigger).";
  }

  private static boolean isNativeLibrary(Throwable e) {
    String message = String.valueOf(e.getMessage());
    return e instanceof UnsatisfiedLinkError
        || message.contains("java.lang.UnsatisfiedLinkError")
        || (e instanceof NoClassDefFoundError && Stream.of(NATIVE).anyMatch(message::contains));
  }

  /** Returns the first line of a message, from the name of the error that it quotes. */
  private static String words(Throwable e) {
    String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    for (String quoted : QUOTED) {
      int at = line.indexOf(quoted);
      if (at >= 0) {
        return line.substring(at + quoted.length());
      }
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : line;
  }

  /** Returns a path. Fails if the locale of this JVM cannot represent it. */
  public static Path path(String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      String charset = System.getProperty("sun.jnu.encoding", "US-ASCII");
      if (Charset.isSupported(charset) && Charset.forName(charset).newEncoder().canEncode(text)) {
        throw new IllegalArgumentException("'" + text + "' is no path: " + e.getReason(), e);
      }
      throw new CallstreamException(
          ErrorCode.ENVIRONMENT,
          ("The path %s has characters that are not in the character set of file names of this JVM,"
                  + " %s, which it takes from the locale. Start Java with LC_ALL=C.UTF-8 in the"
                  + " environment, or with another locale that has them.")
              .formatted(text, charset),
          e);
    }
  }
}
