package io.callstream.kafka.source;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.callstream.kafka.source.RandomValues.Selection;
import java.time.Instant;
import java.util.Comparator;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/*
 * Calls are generated in the order of event time. A delayed call, and the repetition of a call, waits
 * in a queue until the event time of the next call is after its time of arrival. At most the calls of
 * the longest delay wait there. Each dial uses a separate random sequence.
 */
final class SyntheticRecords implements CallRecords {
  private static final int MAX_REPETITION_MINUTES = 30;

  private final long maxDelayMinutes;
  private final CallClock clock;
  private final SyntheticText text;

  /** Generates calls in the format of today; null if the source has those of 2018. */
  private final @Nullable SyntheticDispatches dispatches;

  private final Random seconds;
  private final SyntheticGarbage garbage;
  private final Random delays;
  private final Random repetitions;
  private final Selection delayed;
  private final Selection repeated;
  private final Selection garbled;
  private final StringBuilder json = new StringBuilder(512);
  private final PriorityQueue<Waiting> waiting =
      new PriorityQueue<>(
          Comparator.comparingLong(Waiting::arrival).thenComparingLong(Waiting::number));
  private long recordsLeft;
  private long callsLeft;
  private long waited;
  private @Nullable Waiting upcoming;

  SyntheticRecords(SyntheticCalls source) {
    maxDelayMinutes = source.maxDelayMinutes;
    clock = new CallClock(source.start, source.calls, RandomValues.sequence(source.seed, 0));
    text = new SyntheticText(RandomValues.sequence(source.seed, 1));
    dispatches =
        source.ofToday ? new SyntheticDispatches(RandomValues.sequence(source.seed, 5)) : null;
    seconds = RandomValues.sequence(source.seed, 6);
    delays = RandomValues.sequence(source.seed, 2);
    repetitions = RandomValues.sequence(source.seed, 3);
    Random garbling = RandomValues.sequence(source.seed, 4);
    garbage = new SyntheticGarbage(garbling, source.ofToday);
    SyntheticCounts counts = source.counts();
    delayed = new Selection(delays, counts.delayed(), counts.calls());
    repeated = new Selection(repetitions, counts.duplicates(), counts.calls());
    garbled = new Selection(garbling, counts.garbage(), counts.records());
    recordsLeft = counts.records();
    callsLeft = counts.calls();
  }

  /** A record that arrives at a minute. Records of the same minute are ordered by number. */
  private record Waiting(long arrival, long number, byte[] value) {}

  @Override
  public boolean hasNext() {
    return recordsLeft > 0;
  }

  @Override
  public byte[] next() {
    if (recordsLeft <= 0) {
      throw new NoSuchElementException();
    }
    recordsLeft--;
    return garbled.next() ? garbage.next(json) : nextCall();
  }

  private byte[] nextCall() {
    while (true) {
      if (upcoming == null && callsLeft > 0) {
        upcoming = make();
      }
      Waiting call = upcoming;
      Waiting first = waiting.peek();
      if (call == null || (first != null && first.arrival() < call.arrival())) {
        return waiting.remove().value();
      }
      upcoming = null;
      boolean late = delayed.next();
      long arrival =
          call.arrival() + (late ? 1 + (long) (delays.nextDouble() * maxDelayMinutes) : 0);
      if (late) {
        waiting.add(new Waiting(arrival, waited++, call.value()));
      }
      if (repeated.next()) {
        long again = arrival + 1 + repetitions.nextInt(MAX_REPETITION_MINUTES);
        waiting.add(new Waiting(again, waited++, call.value()));
      }
      if (!late) {
        return call.value();
      }
    }
  }

  private Waiting make() {
    callsLeft--;
    clock.advance();
    json.setLength(0);
    if (dispatches != null) {
      json.append("{\"cad_number\":\"");
      clock.appendId(json);
      json.append('"');
      long second = 60 * clock.epochMinute() + clock.second(seconds.nextDouble());
      dispatches.append(json, Instant.ofEpochSecond(second));
    } else {
      appendCallOf2018();
    }
    json.append('}');
    return new Waiting(clock.epochMinute(), 0, json.toString().getBytes(ISO_8859_1));
  }

  private void appendCallOf2018() {
    json.append("{\"crime_id\":\"");
    clock.appendId(json);
    json.append("\",\"original_crime_type_name\":\"").append(text.type());
    json.append("\",\"report_date\":\"");
    clock.appendDate(json);
    json.append("\",\"call_date\":\"");
    clock.appendDate(json);
    json.append("\",\"offense_date\":\"");
    clock.appendDate(json);
    json.append("\",\"call_time\":\"");
    clock.appendTime(json);
    json.append("\",\"call_date_time\":\"");
    clock.appendDateTime(json);
    json.append("\",\"disposition\":\"").append(text.disposition()).append("\",");
    text.appendPlace(json);
  }

  @Override
  public void close() {
    recordsLeft = 0;
  }
}
