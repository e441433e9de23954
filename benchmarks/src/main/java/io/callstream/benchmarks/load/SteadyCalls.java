package io.callstream.benchmarks.load;

import io.callstream.call.CallFormat;
import io.callstream.call.CallParser;
import io.callstream.call.Fields;
import io.callstream.call.ParseResult;
import io.callstream.call.SanFranciscoCalls;
import io.callstream.kafka.source.CallRecords;
import io.callstream.kafka.source.SyntheticCalls;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The calls of a steady load. The process that sends them and the process that counts them generate
 * the same sequence, so they need not exchange it.
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

  /** Reads the type of a call. Not thread-safe. */
  static final class TypeReader {
    private final CallParser parser = format().parser(Set.of(Fields.TYPE));

    String typeOf(byte[] record) {
      if (parser.parse(record) instanceof ParseResult.Parsed parsed) {
        return parsed.call().type();
      }
      throw new IllegalStateException("The parser rejected a synthetic call");
    }
  }

  /**
   * The positions of the calls of each type in the sequence. All calls of a type are in one
   * partition, so the count of a type reaches k exactly when its k-th call is counted.
   */
  record Positions(Map<String, int[]> byType) {
    static Positions ofFirst(int calls) {
      TypeReader types = new TypeReader();
      Map<String, List<Integer>> lists = new HashMap<>();
      try (CallRecords records = SteadyCalls.of(calls).open()) {
        for (int i = 0; i < calls; i++) {
          lists.computeIfAbsent(types.typeOf(records.next()), type -> new ArrayList<>()).add(i);
        }
      }
      Map<String, int[]> positions = new HashMap<>();
      lists.forEach(
          (type, list) -> positions.put(type, list.stream().mapToInt(Integer::intValue).toArray()));
      return new Positions(positions);
    }

    int[] of(String type) {
      int[] positions = byType.get(type);
      if (positions == null) {
        throw new IllegalStateException("The type '" + type + "' was counted, but never sent");
      }
      return positions;
    }
  }
}
