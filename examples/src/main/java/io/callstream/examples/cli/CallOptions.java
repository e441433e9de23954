package io.callstream.examples.cli;

import io.callstream.call.CallFormat;
import io.callstream.call.DataSfCalls;
import io.callstream.kafka.CallProducer;
import io.callstream.kafka.KafkaCluster;
import io.callstream.kafka.Pace;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.FileLayout;
import io.callstream.kafka.source.SyntheticCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options that specify which calls are sent, in what order and at what rate. */
final class CallOptions {
  static final int DEFAULT_PARTITIONS = 2;

  enum Order {
    EVENT_TIME,
    FILE
  }

  @Spec(Spec.Target.MIXEE)
  @SuppressWarnings("NullAway.Init")
  private CommandSpec command;

  @Option(
      names = "--order",
      paramLabel = "event-time|file",
      description =
          "event-time: oldest call first. file: as the calls come. Default: event-time for a file"
              + " and a feed, file for standard input and synthetic calls.")
  private @Nullable Order order;

  @Option(
      names = "--layout",
      paramLabel = "json|ndjson|csv",
      description =
          "The layout of the records of --input, independent of its name and content. json: an"
              + " array, or objects. ndjson: lines. csv: rows after a row of names. Default: the"
              + " content decides, then the name.")
  private @Nullable FileLayout layout;

  @Option(
      names = "--rate",
      paramLabel = "N|max",
      description = "Records per second, or as fast as possible. Default: max.")
  private @Nullable Pace rate;

  @Option(
      names = "--speedup",
      paramLabel = "X",
      description = "Send calls in the rhythm of their event times, X times as fast.")
  private @Nullable Double speedup;

  @Option(
      names = "--partitions",
      paramLabel = "N",
      description =
          "Partitions of the topic, which is created if there is none. Default: "
              + DEFAULT_PARTITIONS
              + ", or as many as the topic has.")
  private @Nullable Integer partitions;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "What synthetic calls follow from: the same seed, the same calls. Default: 1.")
  private @Nullable Long seed;

  @Option(
      names = "--disorder",
      paramLabel = "0..1",
      description =
          "The part of synthetic calls that arrive up to 176 minutes late. Late ones are seen from"
              + " batch to batch: add --rate or --max-offsets-per-trigger. Default: 0.")
  private @Nullable Double disorder;

  @Option(
      names = "--duplicates",
      paramLabel = "0..1",
      description = "Synthetic calls sent twice, as a part of their number. Default: 0.")
  private @Nullable Double duplicates;

  @Option(
      names = "--garbage",
      paramLabel = "0..1",
      description =
          "Invalid records among the calls, as a part of the number of synthetic calls."
              + " Default: 0.")
  private @Nullable Double garbage;

  private @Nullable CallSource sorted;

  /** Rejects options that contradict each other. */
  void check() {
    if (rate != null && speedup != null) {
      throw Usage.wrong(
          command, "--rate and --speedup exclude each other: give the one or the other.");
    }
    if (partitions != null) {
      Usage.atLeast(command, "--partitions", partitions, 1);
    }
    requirePart("--disorder", disorder);
    requirePart("--duplicates", duplicates);
    requirePart("--garbage", garbage);
    pace();
  }

  private void requirePart(String option, @Nullable Double part) {
    if (part != null && !(part >= 0 && part <= 1)) {
      throw Usage.wrong(
          command, option + " is " + part + "; it must be from 0 to 1, such as 0.05.");
    }
  }

  /** Returns the number of partitions that the user specified, or null. */
  @Nullable Integer partitions() {
    return partitions;
  }

  Pace pace() {
    Double factor = speedup;
    if (factor != null) {
      return Usage.of(command, () -> Pace.eventTime(factor));
    }
    return rate == null ? Pace.max() : rate;
  }

  CallProducer.Builder producer(KafkaCluster cluster, String topic, CallFormat format) {
    return Usage.of(command, () -> CallProducer.to(cluster, topic, format)).pace(pace());
  }

  /** Returns whether calls of this source are sent in event-time order. */
  boolean sorts(CallSource source) {
    return source == sorted;
  }

  private CallSource sorted(CallSource source, CallFormat format) {
    CallSource inOrder = source.inEventTimeOrder(format);
    sorted = inOrder;
    return inOrder;
  }

  /** Returns a source with a number of synthetic calls. */
  CallSource synthetic(String option, long calls, CallFormat format) {
    Usage.atLeast(command, option, calls, 0);
    requireNoLayout();
    CallSource source =
        Usage.of(
            command,
            () ->
                synthetic(calls, format)
                    .withSeed(seed == null ? 1 : seed)
                    .withDisorder(disorder == null ? 0 : disorder)
                    .withDuplicates(duplicates == null ? 0 : duplicates)
                    .withGarbage(garbage == null ? 0 : garbage));
    return order == Order.EVENT_TIME ? sorted(source, format) : source;
  }

  private static SyntheticCalls synthetic(long calls, CallFormat format) {
    SyntheticCalls source = SyntheticCalls.of(calls);
    boolean isOfToday = format.name().equals(DataSfCalls.json().name());
    return isOfToday ? source.inFormatOfToday() : source;
  }

  /** Returns the calls of a file, or of standard input if {@code input} is {@code -}. */
  CallSource input(String input, CallFormat format, Callstream callstream) {
    requireNoDials();
    if (input.equals("-")) {
      InputStream in = callstream.terminal().in();
      callstream.interruption().onRequest(() -> giveUp(in));
      String name = "standard input";
      CallSource source =
          (layout == null ? CallSource.stream(name, in) : CallSource.stream(name, in, layout))
              .forFormat(format);
      return order == Order.EVENT_TIME ? sorted(source, format) : source;
    }
    CallSource source =
        Usage.of(
            command,
            () ->
                (layout == null
                        ? CallSource.file(Path.of(input))
                        : CallSource.file(Path.of(input), layout))
                    .forFormat(format));
    return order == Order.FILE ? source : sorted(source, format);
  }

  /** Lets reads fail, so that an incomplete line does not become a record. */
  private static void giveUp(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the calls of a feed that ends. */
  CallSource feed(CallSource feed, CallFormat format, Terminal terminal) {
    requireNoDials();
    requireNoLayout();
    return order == Order.FILE ? feed : sorted(new ReadingShown(feed, terminal), format);
  }

  /** Returns the calls of a feed that does not end. */
  CallSource endlessFeed(CallSource feed) {
    requireNoDials();
    requireNoLayout();
    if (order == Order.EVENT_TIME) {
      throw Usage.wrong(
          command,
          "--order event-time sends nothing before all is read, and with --poll there is no end:"
              + " leave one of them out.");
    }
    return feed;
  }

  private void requireNoLayout() {
    if (layout != null) {
      throw Usage.wrong(command, "--layout is for --input; leave it out with other calls.");
    }
  }

  private void requireNoDials() {
    if (seed != null || disorder != null || duplicates != null || garbage != null) {
      throw Usage.wrong(
          command,
          "--seed, --disorder, --duplicates and --garbage are for synthetic calls; leave them out"
              + " with others.");
    }
  }
}
