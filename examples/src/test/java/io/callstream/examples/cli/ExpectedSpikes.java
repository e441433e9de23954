package io.callstream.examples.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigDecimal;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Computes the expected spikes by type, with every window closed, in plain Java. */
final class ExpectedSpikes {
  private static final Set<String> ROUTINE =
      Set.of("passing call", "traffic stop", "muni inspection");

  private final TreeMap<ZonedDateTime, Map<String, Integer>> hours = new TreeMap<>();
  private long counted;

  void count(String type, ZonedDateTime time) {
    if (!ROUTINE.contains(type.toLowerCase(java.util.Locale.ROOT))) {
      counted++;
      hours
          .computeIfAbsent(time.truncatedTo(ChronoUnit.HOURS), hour -> new HashMap<>())
          .merge(type, 1, Integer::sum);
    }
  }

  long counted() {
    return counted;
  }

  String file() {
    StringBuilder lines =
        new StringBuilder(
            "window_start,window_end,crime_type,count,expected,spread,score,history\n");
    hours.forEach(
        (hour, types) -> {
          Map<ZonedDateTime, Double> past = past(hour);
          types.entrySet().stream()
              .filter(type -> type.getValue() >= 5 && past.size() >= 4)
              .sorted(
                  Map.Entry.<String, Integer>comparingByValue()
                      .reversed()
                      .thenComparing(
                          Map.Entry.comparingByKey(
                              (a, b) ->
                                  Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8)))))
              .forEach(type -> lines.append(line(hour, type.getKey(), type.getValue(), past)));
        });
    return lines.toString();
  }

  /** Returns the weights of the earlier hours at the same local time. */
  private Map<ZonedDateTime, Double> past(ZonedDateTime hour) {
    Map<ZonedDateTime, Double> past = new TreeMap<>();
    for (int day = 1; day <= 56; day++) {
      LocalDateTime local = hour.toLocalDateTime().minusDays(day);
      int a = local.getDayOfWeek().getValue();
      int b = hour.getDayOfWeek().getValue();
      if (a == b || (a > 5) == (b > 5)) {
        for (var offset : hour.getZone().getRules().getValidOffsets(local)) {
          ZonedDateTime time = ZonedDateTime.ofLocal(local, hour.getZone(), offset);
          boolean afterStart = !time.isBefore(hours.firstKey());
          ZonedDateTime end = time.plusHours(24).isBefore(hour) ? time.plusHours(24) : hour;
          boolean hasCalls = !hours.subMap(time.minusHours(24), true, end, false).isEmpty();
          if (hours.containsKey(time) || (afterStart && hasCalls)) {
            past.put(time, a == b ? 1 : 0.25);
          }
        }
      }
    }
    return past;
  }

  private String line(ZonedDateTime hour, String type, int count, Map<ZonedDateTime, Double> past) {
    List<Double> counts = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    past.forEach(
        (time, weight) -> {
          counts.add((double) hours.getOrDefault(time, Map.of()).getOrDefault(type, 0));
          weights.add(weight);
        });
    double median = median(counts, weights);
    double deviation =
        median(counts.stream().map(c -> Math.abs(c - median)).toList(), weights) * 1.4826;
    double limit = median + 3 * Math.max(Math.sqrt(median + 1), deviation);
    double all = weights.stream().mapToDouble(w -> w).sum();
    double windows = all * all / weights.stream().mapToDouble(w -> w * w).sum();
    double mean = 0.5 / windows;
    for (int i = 0; i < counts.size(); i++) {
      mean += Math.min(counts.get(i), limit) * weights.get(i) / all;
    }
    double variance = 0;
    for (int i = 0; i < counts.size(); i++) {
      double distance = Math.min(counts.get(i), limit) - mean;
      variance += distance * distance * weights.get(i) / all;
    }
    variance = windows > 1 ? variance * windows / (windows - 1) : 0;
    variance = Math.max(mean, variance) * (1 + 1 / windows);
    double score = count > mean ? score(count, mean, variance) : 0;
    return score < 5
        ? ""
        : String.join(
            ",",
            ExpectedFiles.iso(hour),
            ExpectedFiles.iso(hour.plusHours(1)),
            ExpectedFiles.quoted(type),
            "" + count,
            rounded(mean),
            rounded(Math.sqrt(variance)),
            rounded(score),
            counts.size() + "\n");
  }

  private static double median(List<Double> values, List<Double> weights) {
    TreeMap<Double, Double> sorted = new TreeMap<>();
    double half = 0;
    for (int i = 0; i < values.size(); i++) {
      sorted.merge(values.get(i), weights.get(i), Double::sum);
      half += weights.get(i) / 2;
    }
    double sum = 0;
    for (Map.Entry<Double, Double> value : sorted.entrySet()) {
      sum += value.getValue();
      if (sum >= half) {
        return value.getKey();
      }
    }
    throw new AssertionError("no values");
  }

  /** Returns the negative logarithm of the upper tail of a negative binomial distribution. */
  private static double score(int count, double mean, double variance) {
    double size = mean * mean / (variance - mean);
    double chance = mean / variance;
    double log = size * Math.log(chance);
    double tail = 0;
    for (int k = 0; k < count + 1_000; k++) {
      if (k >= count) {
        tail += Math.exp(log);
      }
      log += Math.log((size + k) / (k + 1) * (1 - chance));
    }
    return -Math.log10(tail);
  }

  private static String rounded(double number) {
    return BigDecimal.valueOf(Math.round(number * 1_000) / 1_000.0).toPlainString();
  }
}
