package io.callstream.engine.contract;

import io.callstream.engine.contract.StatisticSpec.Dim;
import io.callstream.engine.contract.StatisticSpec.Filter;
import io.callstream.engine.contract.StatisticSpec.MeasureKind;
import io.callstream.statistic.Emission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.ShrinkingDistance;

/**
 * A scenario that jqwik can shrink when a property fails, by whole batches, single records,
 * statistics, and parts of statistics. Seeds do not shrink, because they are unrelated to size.
 */
record ShrinkableScenario(Scenario value) implements Shrinkable<Scenario> {

  /** Returns scenarios of random seeds. */
  static Arbitrary<Scenario> any() {
    return Arbitraries.fromGenerator(
        random -> new ShrinkableScenario(Scenario.of(random.nextLong())));
  }

  /** Returns scenarios with thousands of records. */
  static Arbitrary<Scenario> large() {
    return Arbitraries.fromGenerator(
        random -> new ShrinkableScenario(Scenario.large(random.nextLong())));
  }

  @Override
  public ShrinkingDistance distance() {
    long parts =
        value.statistics().stream().mapToLong(ShrinkableScenario::parts).sum()
            + (value.distinct().isPresent() ? 1 : 0)
            + (value.hasLookups() ? 1 : 0);
    return ShrinkingDistance.of(value.records().size(), parts, value.batches().size());
  }

  private static long parts(StatisticSpec s) {
    return 1
        + s.dimensions().size()
        + s.measures().size()
        + (s.filter() == Filter.NONE ? 0 : 1)
        + (s.lateness().isZero() ? 0 : 1)
        + (s.emission() == Emission.ON_UPDATE ? 0 : 1)
        + (s.maxGroups() == Scenario.DEFAULT_MAX_GROUPS ? 0 : 1);
  }

  @Override
  public Stream<Shrinkable<Scenario>> shrink() {
    Stream<Scenario> unjoined =
        value.hasLookups() ? Stream.of(value.withoutLookups()) : Stream.empty();
    return Stream.of(
            fewerBatches(), fewerRecords(), fewerStatistics(), unjoined, simplerStatistics())
        .flatMap(smaller -> smaller)
        .map(ShrinkableScenario::new);
  }

  private Stream<Scenario> fewerBatches() {
    List<List<TestRecord>> batches = value.batches();
    Stream<Scenario> dropped = withoutParts(batches).map(this::of);
    Stream<Scenario> merged =
        Stream.iterate(1, i -> i < batches.size(), i -> i + 1)
            .map(
                i -> {
                  List<TestRecord> two = new ArrayList<>(batches.get(i - 1));
                  two.addAll(batches.get(i));
                  List<List<TestRecord>> fewer = new ArrayList<>(batches);
                  fewer.set(i - 1, two);
                  fewer.remove((int) i);
                  return of(fewer);
                });
    return Stream.concat(dropped, merged);
  }

  private Stream<Scenario> fewerRecords() {
    return Stream.iterate(0, i -> i < value.batches().size(), i -> i + 1)
        .flatMap(
            i ->
                withoutParts(value.batches().get(i))
                    .map(
                        fewer -> {
                          List<List<TestRecord>> batches = new ArrayList<>(value.batches());
                          batches.set(i, fewer);
                          return of(batches);
                        }));
  }

  private Stream<Scenario> fewerStatistics() {
    Stream<Scenario> one =
        withoutParts(value.statistics())
            .filter(fewer -> !fewer.isEmpty())
            .map(fewer -> value.cut(fewer, value.distinct(), value.batches()));
    return value.distinct().isEmpty()
        ? one
        : Stream.concat(
            one, Stream.of(value.cut(value.statistics(), Optional.empty(), value.batches())));
  }

  private Stream<Scenario> simplerStatistics() {
    return Stream.iterate(0, i -> i < value.statistics().size(), i -> i + 1)
        .flatMap(
            i ->
                simpler(value.statistics().get(i))
                    .filter(s -> parts(s) < parts(value.statistics().get(i)))
                    .map(
                        s -> {
                          List<StatisticSpec> statistics = new ArrayList<>(value.statistics());
                          statistics.set(i, s);
                          return value.cut(statistics, value.distinct(), value.batches());
                        }));
  }

  private static Stream<StatisticSpec> simpler(StatisticSpec s) {
    Stream<StatisticSpec> plain =
        Stream.of(
            with(s, Filter.NONE, s.lateness(), s.emission(), s.maxGroups()),
            with(s, s.filter(), Duration.ZERO, s.emission(), s.maxGroups()),
            with(s, s.filter(), s.lateness(), simplerEmission(s), s.maxGroups()),
            with(s, s.filter(), s.lateness(), s.emission(), Scenario.DEFAULT_MAX_GROUPS));
    Stream<StatisticSpec> dimensions =
        withoutParts(s.dimensions()).map(fewer -> with(s, fewer, s.measures()));
    Stream<StatisticSpec> measures =
        withoutParts(s.measures())
            .filter(fewer -> !fewer.isEmpty())
            .map(fewer -> with(s, s.dimensions(), fewer));
    return Stream.of(plain, dimensions, measures).flatMap(simpler -> simpler);
  }

  private static Emission simplerEmission(StatisticSpec s) {
    return s.window().isSession() ? s.emission() : Emission.ON_UPDATE;
  }

  private static StatisticSpec with(
      StatisticSpec s, Filter filter, Duration lateness, Emission emission, int maxGroups) {
    return new StatisticSpec(
        s.name(),
        filter,
        s.dimensions(),
        s.window(),
        s.zone(),
        lateness,
        s.measures(),
        emission,
        maxGroups);
  }

  private static StatisticSpec with(
      StatisticSpec s, List<Dim> dimensions, List<MeasureKind> measures) {
    return new StatisticSpec(
        s.name(),
        s.filter(),
        dimensions,
        s.window(),
        s.zone(),
        s.lateness(),
        measures,
        s.emission(),
        s.maxGroups());
  }

  private Scenario of(List<List<TestRecord>> batches) {
    return value.cut(value.statistics(), value.distinct(), batches);
  }

  /** Returns a list without one of its halves, quarters and so on, down to single elements. */
  private static <T> Stream<List<T>> withoutParts(List<T> list) {
    return Stream.iterate((list.size() + 1) / 2, size -> size > 0, size -> size / 2)
        .flatMap(
            size ->
                Stream.iterate(0, from -> from < list.size(), from -> from + size)
                    .map(
                        from -> {
                          List<T> rest = new ArrayList<>(list.subList(0, from));
                          rest.addAll(
                              list.subList(Math.min(list.size(), from + size), list.size()));
                          return List.copyOf(rest);
                        }));
  }
}
