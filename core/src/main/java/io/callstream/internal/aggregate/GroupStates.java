package io.callstream.internal.aggregate;

import io.callstream.statistic.Measure;
import java.util.ArrayList;
import java.util.List;

/** The states of a group. Measures that share a state have it once. */
final class GroupStates {
  private GroupStates() {}

  /** Returns a measure for each state, in the order of the states in blocks. */
  static List<Measure.Aggregate> of(List<Measure> measures) {
    List<Measure.Aggregate> states = new ArrayList<>();
    for (Measure measure : measures) {
      if (measure instanceof Measure.Aggregate aggregate
          && place(states, aggregate) == states.size()) {
        states.add(aggregate);
      }
    }
    return List.copyOf(states);
  }

  /** Returns the places of the states of all measures that have one, in the order of measures. */
  static int[] places(List<Measure> measures) {
    List<Measure.Aggregate> states = of(measures);
    return measures.stream()
        .filter(Measure.Aggregate.class::isInstance)
        .mapToInt(measure -> place(states, (Measure.Aggregate) measure))
        .toArray();
  }

  private static int place(List<Measure.Aggregate> states, Measure.Aggregate measure) {
    int place = 0;
    while (place < states.size()
        && states.get(place) != measure
        && !measure.sharesStateWith(states.get(place))) {
      place++;
    }
    return place;
  }
}
