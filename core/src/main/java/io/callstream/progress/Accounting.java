package io.callstream.progress;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The exact numbers of records that were read, by what happened to them.
 *
 * <p>For every statistic s whose windows contain each call k times (1 unless they slide):
 *
 * <pre>
 * {@code k * (received - rejected + additionalCalls - duplicates)
 *     = counted(s) + late(s) + filtered(s) + earlier(s)}
 * </pre>
 *
 * @param received the number of records that were read
 * @param rejected the number of records that cannot be parsed as a call
 * @param additionalCalls the number of calls after the first one of their record, in formats whose
 *     records can have several calls
 * @param duplicates the number of calls whose id was already seen; 0 unless the pipeline is
 *     distinct
 * @param corrections the number of these calls that replaced an earlier version of the same call; 0
 *     unless the pipeline applies corrections
 * @param ambiguousTimes the number of calls, neither rejected nor duplicate, whose wall-clock time
 *     occurs twice and was read as the earlier one
 * @param unconfirmedTimes the number of calls that were too far ahead of their partition to advance
 *     the watermark and that the next two calls did not confirm, including duplicates. Their
 *     windows count them. They are added here when the second call after them arrives
 * @param unknown the number of calls, neither rejected nor duplicate, that have no row in a lookup,
 *     by the name of the lookup
 * @param statistics the contributions to each statistic, by name, in the order of the pipeline
 */
public record Accounting(
    long received,
    long rejected,
    long additionalCalls,
    long duplicates,
    long corrections,
    long ambiguousTimes,
    long unconfirmedTimes,
    Map<String, Long> unknown,
    Map<String, Contributions> statistics) {
  private static final JsonFactory JSON = new JsonFactory();

  /** Copies the maps. */
  public Accounting {
    unknown = Collections.unmodifiableMap(new LinkedHashMap<>(unknown));
    statistics = Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
  }

  /**
   * The contributions of calls to one statistic.
   *
   * @param counted the number of contributions that its results received
   * @param late the number of contributions that arrived after their window had closed
   * @param filtered the number of contributions that its filter excluded; 0 without a filter
   * @param retracted the number of counted contributions that a correction removed again, so its
   *     results have {@code counted - retracted}
   * @param earlier the number of contributions of calls that the run processed before it had this
   *     statistic
   */
  public record Contributions(
      long counted, long late, long filtered, long retracted, long earlier) {
    /** Creates contributions without retracted and earlier ones. */
    public Contributions(long counted, long late, long filtered) {
      this(counted, late, filtered, 0, 0);
    }

    /** Returns the sums. */
    public Contributions plus(Contributions that) {
      return new Contributions(
          counted + that.counted,
          late + that.late,
          filtered + that.filtered,
          retracted + that.retracted,
          earlier + that.earlier);
    }
  }

  /**
   * Returns an accounting in which all numbers are 0.
   *
   * @param statistics the names of the statistics
   * @param lookups the names of the lookups
   */
  public static Accounting none(List<String> statistics, List<String> lookups) {
    Map<String, Long> unknown = new LinkedHashMap<>();
    lookups.forEach(name -> unknown.put(name, 0L));
    Map<String, Contributions> none = new LinkedHashMap<>();
    statistics.forEach(name -> none.put(name, new Contributions(0, 0, 0)));
    return new Accounting(0, 0, 0, 0, 0, 0, 0, unknown, none);
  }

  /** Returns the sums of two accountings of the same statistics. */
  public Accounting plus(Accounting that) {
    Map<String, Long> unknowns = new LinkedHashMap<>(unknown);
    that.unknown.forEach((lookup, more) -> unknowns.merge(lookup, more, Long::sum));
    Map<String, Contributions> sums = new LinkedHashMap<>(statistics);
    that.statistics.forEach((name, more) -> sums.merge(name, more, Contributions::plus));
    return new Accounting(
        received + that.received,
        rejected + that.rejected,
        additionalCalls + that.additionalCalls,
        duplicates + that.duplicates,
        corrections + that.corrections,
        ambiguousTimes + that.ambiguousTimes,
        unconfirmedTimes + that.unconfirmedTimes,
        unknowns,
        sums);
  }

  /** Returns the number of calls that statistics use: neither rejected nor duplicate. */
  public long calls() {
    return received - rejected + additionalCalls - duplicates;
  }

  /**
   * Returns the accounting as a JSON object in one line. A lookup {@code dispositions} has the
   * number {@code unknownDispositions}. {@code additionalCalls}, {@code corrections}, {@code
   * unconfirmedTimes}, and {@code filtered}, {@code retracted} and {@code earlier} of a statistic,
   * appear only if they are not zero.
   */
  @JsonValue
  @JsonRawValue
  public String toJson() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      writeTo(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  void writeTo(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("received", received);
    json.writeNumberField("rejected", rejected);
    writePositive("additionalCalls", additionalCalls, json);
    json.writeNumberField("duplicates", duplicates);
    writePositive("corrections", corrections, json);
    json.writeNumberField("ambiguousTimes", ambiguousTimes);
    for (Map.Entry<String, Long> lookup : unknown.entrySet()) {
      json.writeNumberField(
          "unknown"
              + lookup.getKey().substring(0, 1).toUpperCase(Locale.ROOT)
              + lookup.getKey().substring(1),
          lookup.getValue());
    }
    writePositive("unconfirmedTimes", unconfirmedTimes, json);
    json.writeObjectFieldStart("statistics");
    for (Map.Entry<String, Contributions> statistic : statistics.entrySet()) {
      json.writeObjectFieldStart(statistic.getKey());
      json.writeNumberField("counted", statistic.getValue().counted());
      json.writeNumberField("late", statistic.getValue().late());
      writePositive("filtered", statistic.getValue().filtered(), json);
      writePositive("retracted", statistic.getValue().retracted(), json);
      writePositive("earlier", statistic.getValue().earlier(), json);
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void writePositive(String name, long number, JsonGenerator json)
      throws IOException {
    if (number > 0) {
      json.writeNumberField(name, number);
    }
  }
}
