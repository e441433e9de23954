package io.callstream.internal.ledger;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.Pipeline;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The identity of a checkpoint directory: the engine, the pipeline, and settings that must not
 * change between two runs. The directory contains it as a text with one line per setting.
 */
public final class Fingerprint {
  public static final String FILE = "pipeline.txt";

  private static final String ENGINE = "engine";
  private static final String SOURCE_ID = "topic id";

  /** The last line. A directory with another format is rejected and not misread. */
  private static final String FORMAT = "format of this directory: 3";

  private final String text;

  private Fingerprint(String text) {
    this.text = text;
  }

  /**
   * Returns the fingerprint that a run requires of its directory.
   *
   * @param fixed settings of the engine that must not change, by their names
   * @param sourceId distinguishes the source from others with the same name, such as the id of a
   *     topic
   */
  public static Fingerprint of(
      Pipeline pipeline, String engine, Map<String, String> fixed, String sourceId) {
    Map<String, String> lines = new LinkedHashMap<>(fixed);
    lines.put(ENGINE, engine);
    lines.put(SOURCE_ID, sourceId);
    return new Fingerprint(
        pipeline.fingerprint()
            + lines.entrySet().stream()
                .map(line -> line.getKey() + ": " + line.getValue() + "\n")
                .collect(Collectors.joining())
            + FORMAT
            + "\n");
  }

  public static Fingerprint parse(String text) {
    return new Fingerprint(text);
  }

  public Optional<String> line(String key) {
    String start = key + ": ";
    return text.lines()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .reduce((first, last) -> last);
  }

  private List<String> without(String key) {
    return text.lines().filter(line -> !line.startsWith(key + ": ")).toList();
  }

  /** Rejects a run with another fingerprint than this one of the directory. */
  public void requireSame(Fingerprint run, String location) {
    if (text.equals(run.text)) {
      return;
    }
    if (!line(ENGINE).equals(run.line(ENGINE))) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directory %s is that of the engine '%s', and engines can't read each"
                  + " other's state: this run's is '%s'. Run with the engine that the checkpoint"
                  + " has, or name a new directory, which counts the topic from its start.")
              .formatted(
                  location, line(ENGINE).orElse("unknown"), run.line(ENGINE).orElse("unknown")));
    }
    if (without(SOURCE_ID).equals(run.without(SOURCE_ID))) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The topic was deleted and created again, or is that of another cluster, since the"
                  + " checkpoint directory %s was made: its id was %s and is %s. The offsets in the"
                  + " checkpoint are those of other records. Name a new directory, which counts the"
                  + " topic from its start.")
              .formatted(
                  location,
                  line(SOURCE_ID).orElse("unknown"),
                  run.line(SOURCE_ID).orElse("unknown")));
    }
    List<String> before = text.lines().toList();
    List<String> now = run.text.lines().toList();
    String differences =
        Stream.concat(
                before.stream()
                    .filter(line -> !now.contains(line))
                    .map(line -> "\n  the checkpoint has  " + line),
                now.stream()
                    .filter(line -> !before.contains(line))
                    .map(line -> "\n  this run has        " + line))
            .collect(Collectors.joining());
    throw new CallstreamException(
        ErrorCode.CHECKPOINT,
        ("The checkpoint directory %s is that of another pipeline, or of other fixed"
                + " settings:%s\nRun with what the checkpoint has, or name a new directory, which"
                + " counts the topic from its start.")
            .formatted(location, differences));
  }

  /** Returns the text, with a line feed at its end. */
  @Override
  public String toString() {
    return text;
  }
}
