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
 * Where every record that was read went. All figures are exact, and for every statistic s whose
 * windows put each call in k of them (1 unless they slide)
 *
 * <pre>{@code k * (received - rejected - duplicates) = counted(s) + late(s) + filtered(s)}</pre>
 *
 * @param received records read
 * @param rejected records that are no call
 * @param duplicates calls whose id was already seen; 0 unless the pipeline is distinct
 * @param ambiguousTimes calls whose wall-clock time occurs twice and was taken as the earlier one,
 *     among those neither rejected nor duplicates
 * @param unknownDispositions calls whose disposition has no description, among the same
 * @param unconfirmedTimes calls too far ahead of their partition to advance the watermark, which
 *     the next two calls did not confirm. They are counted in their windows. A call is counted
 *     here, if at all, when the second call after it arrives. Duplicates are included
 * @param statistics the contributions to each statistic, by its name, in the pipeline's order
 */
public record Accounting(
    long received,
    long rejected,
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
   * What became of the contributions of calls to one statistic.
   *
   * @param counted contributions in its results
   * @param late contributions that came after their window had closed
   * @param filtered contributions that its filter left out; 0 without a filter
   */
  public record Contributions(long counted, long late, long filtered) {
    /** Returns the sums. */
    public Contributions plus(Contributions that) {
      return new Contributions(counted + that.counted, late + that.late, filtered + that.filtered);
    }
  }

  /** Returns the accounting of nothing read. */
  public static Accounting none(List<String> statistics) {
    Map<String, Contributions> none = new LinkedHashMap<>();
    statistics.forEach(name -> none.put(name, new Contributions(0, 0, 0)));
    return new Accounting(0, 0, 0, 0, 0, 0, none);
  }

  /** Returns the sums of two accountings of the same statistics. */
  public Accounting plus(Accounting that) {
    Map<String, Contributions> sums = new LinkedHashMap<>(statistics);
    that.statistics.forEach((name, more) -> sums.merge(name, more, Contributions::plus));
    return new Accounting(
        received + that.received,
        rejected + that.rejected,
        duplicates + that.duplicates,
        ambiguousTimes + that.ambiguousTimes,
        unknownDispositions + that.unknownDispositions,
        unconfirmedTimes + that.unconfirmedTimes,
        sums);
  }

  /** Returns this with more calls whose times are not confirmed. */
  public Accounting plusUnconfirmedTimes(long more) {
    return new Accounting(
        received,
        rejected,
        duplicates,
        ambiguousTimes,
        unknownDispositions,
        unconfirmedTimes + more,
        statistics);
  }

  /** Returns the calls that take part in statistics: neither rejected nor duplicates. */
  public long calls() {
    return received - rejected - duplicates;
  }

  /**
   * Returns this as a JSON object in one line. {@code unconfirmedTimes}, and {@code filtered} of a
   * statistic, appear only if they are not zero.
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

  /** Writes this as a JSON object. */
  void writeTo(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("received", received);
    json.writeNumberField("rejected", rejected);
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
