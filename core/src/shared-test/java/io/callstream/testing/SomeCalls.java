package io.callstream.testing;

import io.callstream.call.Call;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Generates calls, the same in every run. */
public final class SomeCalls {
  public static final Instant START = Instant.parse("2018-10-30T07:00:00Z");
  public static final Instant END = START.plus(Duration.ofDays(10));
  private static final List<String> DISPOSITIONS = List.of("HAN", "GOA", "ADV", "Not recorded", "");

  private SomeCalls() {}

  /** Returns calls of one minute, with one call of the following year in the middle. */
  public static List<Call> withAMisdatedOne() {
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < 21; i++) {
      Instant time = i == 10 ? END.plus(Duration.ofDays(365)) : END.plusSeconds(i);
      calls.add(call(900_000 + i, "A", time).build());
    }
    return calls;
  }

  /** Returns calls ordered by time, over ten days in which the clocks change. */
  public static List<Call> of(int number) {
    Random random = new Random(7);
    List<Call> calls = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      // The square makes some types and places more frequent than others.
      int type = (int) (Math.pow(random.nextDouble(), 2) * 40);
      int place = (int) (Math.pow(random.nextDouble(), 2) * 300);
      Instant time =
          START
              .plus(Duration.ofDays(10).multipliedBy(i).dividedBy(number))
              .truncatedTo(ChronoUnit.MINUTES);
      calls.add(
          call(i, "Type " + type, time)
              .disposition(DISPOSITIONS.get(random.nextInt(DISPOSITIONS.size())))
              .address(place + " Block Of Hyde St")
              .build());
    }
    return calls;
  }

  public static Call.Builder call(int id, String type, Instant time) {
    return Call.builder("id-" + id, type, time);
  }
}
