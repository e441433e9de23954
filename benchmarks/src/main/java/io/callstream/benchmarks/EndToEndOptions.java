package io.callstream.benchmarks;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The arguments of {@link EndToEnd}.
 *
 * @param bootstrap the brokers
 * @param topic the topic of the measured passes
 * @param records how many records it has
 * @param engine {@code engine=spark|local}: what counts
 * @param name {@code name=}: what the result is called
 * @param warmTopic {@code warm=topic:records:times}: the topic of the passes before, none if empty
 * @param warmRecords how many records that has
 * @param warmTimes how many passes there are before
 * @param passes {@code passes=}: how many measured ones
 * @param statistics {@code statistics=}: 2, all 4 standard ones, or 8
 * @param maxOffsets {@code maxOffsets=}: the most records of a batch; 0 leaves it to the engine
 * @param distinct {@code distinct=true}: calls of the same id count once; the answer is not told
 * @param take {@code take=updates|results}: see {@link Take}
 * @param session {@code session=shared|own}: see {@link Session}
 * @param master {@code master=}: where Spark runs
 * @param profile {@code prof=}: where the profile of the last pass goes
 * @param profiler {@code lib=}: the library of async-profiler
 */
record EndToEndOptions(
    String bootstrap,
    String topic,
    long records,
    String engine,
    String name,
    String warmTopic,
    long warmRecords,
    int warmTimes,
    int passes,
    int statistics,
    long maxOffsets,
    boolean distinct,
    Take take,
    Session session,
    String master,
    String profile,
    String profiler) {

  /** How the answer gets into the store. */
  enum Take {
    /** Through a sink, batch by batch. */
    UPDATES,
    /** From the results that the run keeps, in the end. */
    RESULTS
  }

  /** Whose Spark context it is. */
  enum Session {
    /** One for all passes, there before them. */
    SHARED,
    /** The engine's, which starts and stops it with each pass. */
    OWN
  }

  /** Reads the arguments. */
  static EndToEndOptions parse(String[] args) {
    if (args.length < 3) {
      throw new IllegalArgumentException("Say bootstrap, topic and records, then key=value ...");
    }
    Map<String, String> given = new HashMap<>();
    for (int i = 3; i < args.length; i++) {
      int equals = args[i].indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("'" + args[i] + "' is not of the form key=value");
      }
      given.put(args[i].substring(0, equals), args[i].substring(equals + 1));
    }
    String engine = take(given, "engine", "spark");
    String[] warm = take(given, "warm", ":0:0").split(":", -1);
    EndToEndOptions options =
        new EndToEndOptions(
            args[0],
            args[1],
            Long.parseLong(args[2]),
            engine,
            take(given, "name", "CALLSTREAM-" + engine),
            warm[0],
            Long.parseLong(warm[1]),
            warm.length > 2 ? Integer.parseInt(warm[2]) : 1,
            Integer.parseInt(take(given, "passes", "1")),
            Integer.parseInt(take(given, "statistics", "2")),
            Long.parseLong(take(given, "maxOffsets", "0")),
            Boolean.parseBoolean(take(given, "distinct", "false")),
            Take.valueOf(take(given, "take", "updates").toUpperCase(Locale.ROOT)),
            Session.valueOf(take(given, "session", "shared").toUpperCase(Locale.ROOT)),
            take(given, "master", "local[2]"),
            take(given, "prof", ""),
            take(given, "lib", ""));
    if (!given.isEmpty()) {
      throw new IllegalArgumentException("Unknown options: " + given.keySet());
    }
    if (!List.of("spark", "local").contains(engine)) {
      throw new IllegalArgumentException("engine=" + engine + "; say spark or local");
    }
    if (!List.of(2, 4, 8).contains(options.statistics)) {
      throw new IllegalArgumentException("statistics=" + options.statistics + "; say 2, 4 or 8");
    }
    return options;
  }

  private static String take(Map<String, String> given, String key, String otherwise) {
    String value = given.remove(key);
    return value == null ? otherwise : value;
  }
}
