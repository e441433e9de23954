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
import java.util.Map;

/**
 * The exact numbers of records that were read, by what happened to them.
 *
 * <p>For every statistic s whose windows contain each call k times (1 unless they slide):
 *
 * <pre>
 * {@code k * (received - rejected + additionalCalls - duplicates) = counted(s) + late(s) + filtered(s)}
 * </pre>
 *
 * @param received the number of records that were read
 * @param rejected the number of records that cannot be parsed as a call
 * @param additionalCalls the number of calls after the first one of their record, in formats whose
 *     records can have several calls
 * @param duplicates the number of calls whose id was already seen; 0 unless the pipeline is
 *     distinct
 * @param ambiguousTimes the number of calls, neither rejected nor duplicate, whose wall-clock time
 *     occurs twice and was read as the earlier one
 * @param unknownDispositions the number of calls, neither rejected nor duplicate, whose disposition
 *     has no description
 * @param unconfirmedTimes the number of calls that were too far ahead of their partition to advance
 *     the watermark and that the next two calls did not confirm, including duplicates. Their
 *     windows count them. They are added here when the second call after them arrives
 * @param statistics the contributions to each statistic, by name, in the order of the pipeline
 */
public record Accounting(
    long received,
    long rejected,
    long additionalCalls,
    long duplicates,
    long ambiguousTimes,
    long unknownDispositions,
    long unconfirmedTimes,
    Map<String, Contributions> statistics) {
  private static final JsonFactory JSON = new JsonFactory();

  /** Copies {@code statistics}. */
  public Accounting {
    statistics = Collections.unmodifiableMap(new LinkedHashMap<>(statistics));
  }

  /**
   * The contributions of calls to one statistic.
   *
   * @param counted the number of contributions in its results
   * @param late the number of contributions that arrived after their window had closed
   * @param filtered the number of contributions that its filter excluded; 0 without a filter
   */
  public record Contributions(long counted, long late, long filtered) {
    /** Returns the sums. */
    public Contributions plus(Contributions that) {
      return new Contributions(counted + that.counted, late + that.late, filtered + that.filtered);
    }
  }

  /**
   * Returns an accounting in which all numbers are 0.
   *
   * @param statistics the names of the statistics
   */
  public static Accounting none(List<String> statistics) {
    Map<String, Contributions> none = new LinkedHashMap<>();
    statistics.forEach(name -> none.put(name, new Contributions(0, 0, 0)));
    return new Accounting(0, 0, 0, 0, 0, 0, 0, none);
  }

  /** Returns the sums of two accountings of the same statistics. */
  public Accounting plus(Accounting that) {
    Map<String, Contributions> sums = new LinkedHashMap<>(statistics);
    that.statistics.forEach((name, more) -> sums.merge(name, more, Contributions::plus));
    return new Accounting(
        received + that.received,
        rejected + that.rejected,
        additionalCalls + that.additionalCalls,
        duplicates + that.duplicates,
        ambiguousTimes + that.ambiguousTimes,
        unknownDispositions + that.unknownDispositions,
        unconfirmedTimes + that.unconfirmedTimes,
        sums);
  }

  /** Returns the number of calls that statistics use: neither rejected nor duplicate. */
  public long calls() {
    return received - rejected + additionalCalls - duplicates;
  }

  /**
   * Returns the accounting as a JSON object in one line. {@code additionalCalls}, {@code
   * unconfirmedTimes}, and {@code filtered} of a statistic, appear only if they are not zero.
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
    if (additionalCalls > 0) {
      json.writeNumberField("additionalCalls", additionalCalls);
    }
    json.writeNumberField("duplicates", duplicates);
    json.writeNumberField("ambiguousTimes", ambiguousTimes);
    json.writeNumberField("unknownDispositions", unknownDispositions);
    if (unconfirmedTimes > 0) {
      json.writeNumberField("unconfirmedTimes", unconfirmedTimes);
    }
    json.writeObjectFieldStart("statistics");
    for (Map.Entry<String, Contributions> statistic : statistics.entrySet()) {
      json.writeObjectFieldStart(statistic.getKey());
      json.writeNumberField("counted", statistic.getValue().counted());
      json.writeNumberField("late", statistic.getValue().late());
      if (statistic.getValue().filtered() > 0) {
        json.writeNumberField("filtered", statistic.getValue().filtered());
      }
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }
}
