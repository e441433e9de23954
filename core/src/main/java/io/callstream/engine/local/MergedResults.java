package io.callstream.engine.local;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.engine.RunOptions;
import io.callstream.engine.local.PartReader.PartState;
import io.callstream.internal.engine.SinkSet;
import io.callstream.internal.ledger.Ledger;
import io.callstream.pipeline.KafkaTopic.Part;
import io.callstream.pipeline.Pipeline;
import io.callstream.pipeline.Results;
import io.callstream.progress.Accounting;
import io.callstream.sink.Sinks;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The results of several processes that share a topic. Each process counts a {@linkplain
 * io.callstream.pipeline.KafkaTopic#part part} of its partitions on the engine {@code local}, with
 * a separate checkpoint. This class reads all these checkpoints, also while the processes run, and
 * merges the states of groups, not their values. So quantiles, distinct counts and means are those
 * of all calls.
 *
 * <p>Each checkpoint contributes the state after its last complete batch, so the parts may have
 * read the topic up to different times. The checkpoints are only read. All results must fit into
 * memory.
 *
 * <p>The results are those of one process over the whole topic, except for these differences:
 *
 * <ul>
 *   <li>Each process has the watermark of its partitions, so it can count other calls as late. If
 *       no call is late, there is no difference.
 *   <li>Once a statistic without a window exceeds {@code maxGroups}, other groups can be the ones
 *       that are combined.
 *   <li>A window counts as closed when each process has closed it. A part without calls holds it
 *       open. Retention removes it as soon as one process may have removed it.
 * </ul>
 *
 * <p>Immutable and thread-safe.
 */
public final class MergedResults {
  private final Pipeline pipeline;
  private final int parts;
  private final Ledger ledger;

  private MergedResults(Pipeline pipeline, int parts, Ledger ledger) {
    this.pipeline = pipeline;
    this.parts = parts;
    this.ledger = ledger;
  }

  /**
   * Reads the checkpoints of all parts of a topic.
   *
   * @param pipeline the pipeline of the processes; its sinks and listeners are not used, and it
   *     does not matter which part it reads
   * @param checkpoints the checkpoint directory of each process, in any order
   * @throws CallstreamException with {@link ErrorCode#CHECKPOINT} if a directory is not the
   *     checkpoint of a part of this pipeline, cannot be read or is damaged, if directories are not
   *     of the same topic, or if they are not those of all parts of it, each once
   */
  public static MergedResults read(Pipeline pipeline, List<Path> checkpoints) {
    Map<Integer, PartState> parts = new TreeMap<>();
    PartState first = null;
    for (Path checkpoint : checkpoints) {
      PartState state = PartReader.read(pipeline, checkpoint);
      first = first == null ? state : first;
      requireSameTopic(first, state);
      PartState known = parts.putIfAbsent(state.part().number(), state);
      if (known != null) {
        throw new CallstreamException(
            ErrorCode.CHECKPOINT,
            ("The checkpoint directories %s and %s are both of part %s, so its calls would count"
                    + " twice. Name one directory for each part.")
                .formatted(known.root(), state.root(), state.part()));
      }
    }
    if (first == null) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT, "No checkpoint directory is given. Name that of each part.");
    }
    requireAll(first.part().of(), parts);
    Ledger ledger =
        Ledger.merged(pipeline, parts.values().stream().map(PartState::ledger).toList());
    return new MergedResults(pipeline, parts.size(), ledger);
  }

  private static void requireSameTopic(PartState first, PartState other) {
    if (first.part().of() != other.part().of()) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directories %s and %s are of the parts %s and %s. Name the directories of"
                  + " processes with the same number of parts.")
              .formatted(first.root(), other.root(), first.part(), other.part()));
    }
    if (!first.topicId().equals(other.topicId())) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          ("The checkpoint directories %s and %s are of different topics with the same name: their"
                  + " ids are %s and %s. Name directories of one topic.")
              .formatted(first.root(), other.root(), first.topicId(), other.topicId()));
    }
  }

  private static void requireAll(int of, Map<Integer, PartState> parts) {
    List<Part> missing =
        IntStream.rangeClosed(1, of)
            .filter(number -> !parts.containsKey(number))
            .mapToObj(number -> new Part(number, of))
            .toList();
    if (!missing.isEmpty()) {
      throw new CallstreamException(
          ErrorCode.CHECKPOINT,
          "The parts %s of the topic are missing. Name the checkpoint directories of all %s parts."
              .formatted(missing, of));
    }
  }

  /** Returns the pipeline with which the checkpoints were read. */
  public Pipeline pipeline() {
    return pipeline;
  }

  /** Returns the number of parts. */
  public int parts() {
    return parts;
  }

  /**
   * Returns the results of a statistic, including open windows.
   *
   * @throws IllegalArgumentException if the pipeline has no such statistic
   */
  public Results results(String statistic) {
    return ledger.results(statistic);
  }

  /** Returns the accounting of the records of all parts. */
  public Accounting accounting() {
    return ledger.total();
  }

  /**
   * Writes the CSV files and {@code accounting.json} of {@link Sinks#csv} to a directory.
   * Statistics that emit when windows close have the rows of closed windows.
   *
   * @throws CallstreamException with {@link ErrorCode#SINK_FAILED} if a run uses the directory, or
   *     if a file cannot be written
   */
  public void writeTo(Path directory) {
    Pipeline.Builder writing =
        Pipeline.builder(pipeline.source(), pipeline.format())
            .statistics(pipeline.statistics())
            .lookups(pipeline.lookups())
            .results(Sinks.csv(directory));
    SinkSet.open(
            writing.build(),
            ledger.current(),
            ledger.nextOffsets(),
            RunOptions.DEFAULT_SINK_TIMEOUT)
        .close();
  }
}
