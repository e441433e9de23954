package io.callstream.benchmarks.load;

import io.callstream.call.CallField;
import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.CallSource;
import io.callstream.kafka.source.SyntheticCalls;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;

/**
 * The calls of a steady load, the same in the process that sends them and in the one that counts
 * them: so nobody need write down which call was sent when.
 */
final class SteadyCalls {
  private static final long SEED = 20_181_002;

  private SteadyCalls() {}

  static CallFormat format() {
    return SanFranciscoCalls.json();
  }

  static SyntheticCalls of(long calls) {
    return SyntheticCalls.of(calls).withSeed(SEED);
  }

  /**
   * The first calls of so many: as dense in event time as all of them are.
   *
   * @param calls how many
   * @param of of how many
   */
  record First(long calls, long of) implements CallSource {
    @Override
    public String name() {
      return "the first " + calls + " of " + SteadyCalls.of(of).name();
    }

    @Override
    public CallRecords open() {
      CallRecords all = SteadyCalls.of(of).open();
      return new CallRecords() {
        private long left = calls;

        @Override
        public boolean hasNext() {
          return left > 0 && all.hasNext();
        }

        @Override
        public byte[] next() {
          if (!hasNext()) {
            throw new NoSuchElementException();
          }
          left--;
          return all.next();
        }

        @Override
        public void close() {
          all.close();
        }
      };
    }
  }

  /** Tells the type of a call. Not thread-safe. */
  static final class Types {
    private final CallParser parser = format().parser(Set.of(CallField.CRIME_TYPE));

    String of(byte[] record) {
      if (parser.parse(record) instanceof ParseResult.Parsed parsed) {
        return parsed.call().crimeType();
      }
      throw new IllegalStateException("A synthetic call was rejected");
    }
  }

  /**
   * Where the calls of each type stand in the sequence. All calls of a type are in one partition,
   * so that the count of a type is k as soon as its k-th call, and not before.
   */
  record Places(Map<String, int[]> byType) {
    static Places of(int calls) {
      Types types = new Types();
      Map<String, Growing> growing = new HashMap<>();
      try (CallRecords records = SteadyCalls.of(calls).open()) {
        for (int i = 0; i < calls; i++) {
          growing.computeIfAbsent(types.of(records.next()), type -> new Growing()).add(i);
        }
      }
      Map<String, int[]> places = new HashMap<>();
      growing.forEach((type, list) -> places.put(type, Arrays.copyOf(list.values, list.size)));
      return new Places(places);
    }

    int[] of(String type) {
      int[] places = byType.get(type);
      if (places == null) {
        throw new IllegalStateException("The type '" + type + "' was counted, but never sent");
      }
      return places;
    }
  }

  private static final class Growing {
    private int[] values = new int[16];
    private int size;

    void add(int value) {
      if (size == values.length) {
        values = Arrays.copyOf(values, 2 * size);
      }
      values[size++] = value;
    }
  }
}
