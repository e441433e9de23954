package io.callstream.internal.engine;

import io.callstream.engine.RunOptions;
import io.callstream.internal.notation.DurationNotation;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.KafkaTopic;
import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Describes the settings of a run as texts without secrets. */
public final class RunSettings {
  /** The properties whose values are shown. Any other value may be a secret. */
  private static final Pattern HARMLESS =
      Pattern.compile(
          "isolation\\.level|security\\.protocol|sasl\\.mechanism|check\\.crcs"
              + "|client\\.(id|rack|dns\\.lookup)|[a-z.]+\\.(ms|bytes|records|partitions)"
              + "|spark\\.[\\w.]*\\.(partitions|enabled|port|cores|memory|instances|interval)"
              + "|spark\\.(master|app\\.name|sql\\.codegen\\.wholeStage)");

  private static final Pattern USER_OF_URI = Pattern.compile("//[^/@]*@");

  private RunSettings() {}

  /**
   * Returns the settings in the order of display.
   *
   * @param engine the settings of the engine
   */
  static Map<String, String> of(Pipeline pipeline, RunOptions options, Map<String, String> engine) {
    Map<String, String> all = new LinkedHashMap<>(engine);
    all.put("mode", word(options.mode()));
    all.put("checkpoint", options.checkpoint().map(RunSettings::withoutUser).orElse("none"));
    all.put("trigger", text(options.trigger()));
    all.put(
        "records per batch, at most",
        options.maxRecordsPerBatch().isPresent()
            ? Long.toString(options.maxRecordsPerBatch().getAsLong())
            : "chosen by the engine");
    all.put("sink timeout", text(options.sinkTimeout()));
    all.put("evolving", yesOrNo(options.evolves()));
    all.put("flushes open windows at the end", yesOrNo(options.flushesAtEnd()));
    all.put("format", pipeline.format().name() + ", " + pipeline.format().zone());
    if (pipeline.source() instanceof KafkaTopic topic) {
      all.put("starting offsets", word(topic.startingOffsets()));
      properties(topic.properties()).forEach((key, value) -> all.put("Kafka " + key, value));
    }
    all.put("maximum future skew", text(pipeline.maxFutureSkew()));
    all.put("maximum event time jump", text(pipeline.maxEventTimeJump(), "unlimited"));
    all.put("distinct calls, horizon", text(pipeline.distinctHorizon(), "off"));
    all.put("corrections, horizon", text(pipeline.correctionHorizon(), "off"));
    all.put("results are kept", text(pipeline.retention(), "indefinitely"));
    if (!pipeline.lookups().isEmpty()) {
      all.put(
          "lookups",
          pipeline.lookups().stream().map(LookupTable::name).collect(Collectors.joining(", ")));
    }
    pipeline.statistics().forEach(each -> all.put("statistic " + each.name(), text(each)));
    return all;
  }

  /** Returns properties in order, with the values of those that cannot be secrets. */
  public static Map<String, String> properties(Map<String, String> properties) {
    Map<String, String> shown = new TreeMap<>();
    properties.forEach(
        (key, value) ->
            shown.put(key, HARMLESS.matcher(key).matches() ? value : "set, value not shown"));
    return shown;
  }

  private static String text(Statistic statistic) {
    String window =
        statistic
            .window()
            .map(
                w ->
                    DurationNotation.rewrite(name(w))
                        + ", lateness "
                        + text(w.allowedLateness())
                        + (statistic.emission() == Emission.ON_CLOSE ? ", emits on close" : ""))
            .orElse("no window");
    return window + ", at most " + statistic.maxGroups() + " groups";
  }

  private static String name(Window window) {
    if (window instanceof Window.Tumbling tumbling) {
      return "windows of " + tumbling.size();
    }
    if (window instanceof Window.Sliding sliding) {
      return "windows of " + sliding.size() + " every " + sliding.slide();
    }
    if (window instanceof Window.Calendar calendar) {
      return "calendar " + word(calendar.unit()) + " in " + calendar.zone();
    }
    return "sessions with a gap of " + ((Window.Session) window).gap();
  }

  private static String text(Optional<Duration> duration, String none) {
    return duration.map(RunSettings::text).orElse(none);
  }

  private static String text(Duration duration) {
    return DurationNotation.rewrite(duration.toString());
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  private static String yesOrNo(boolean value) {
    return value ? "yes" : "no";
  }

  private static String withoutUser(String location) {
    return USER_OF_URI.matcher(location).replaceAll("//");
  }
}
