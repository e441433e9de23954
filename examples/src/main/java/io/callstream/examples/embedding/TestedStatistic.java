package io.callstream.examples.embedding;

import io.callstream.call.Call;
import io.callstream.engine.local.PipelineTester;
import java.time.Instant;

/**
 * Tests a statistic without a broker, a session or a sleep. The local engine counts in memory, and
 * batches end when the test ends them. {@code NightNoiseTest} shows the same with JUnit.
 */
public final class TestedStatistic {
  private TestedStatistic() {}

  /** Prints the results of the statistic for three calls, one of which is late. */
  public static void main(String[] args) {
    try (PipelineTester test = PipelineTester.of(NightNoise.statistic())) {
      test.receive(noise("1", "2018-10-06T23:30:00-07:00", "100 Block Of Market St"));
      test.receive(noise("2", "2018-10-08T01:05:00-07:00", "Market St/5th St"));
      test.endBatch();

      // The second call has set the watermark to one hour and five minutes after the end of Sunday.
      test.receive(noise("3", "2018-10-07T03:00:00-07:00", "800 Block Of Mission St"));
      test.endBatch();

      test.results(NightNoise.NAME).forEach(System.out::println);
      test.deadLetters().forEach(System.out::println);
      System.out.println(test.accounting().toJson());
    }
  }

  private static Call noise(String id, String time, String address) {
    return Call.builder(id, "Noise Nuisance", Instant.parse(time)).address(address).build();
  }
}
