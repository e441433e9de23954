package io.callstream.internal.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Emission;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Window;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;

class SessionMergerTest {
  private static final long GAP = 1_000;
  private static final long LATENESS = 500;
  private static final Window.Session WINDOW =
      new Window.Session(Duration.ofMillis(GAP), Duration.ofMillis(LATENESS));
  private static final Statistic STATISTIC =
      Statistic.named("sessions")
          .by(Dimensions.CRIME_TYPE, Dimensions.ADDRESS)
          .over(WINDOW)
          .measuring(
              Measures.count(),
              Measures.maximum(
                  "longest",
                  Set.of(Fields.ID),
                  call -> Optional.of(Duration.ofMillis(Long.parseLong(call.id())))))
          .emitting(Emission.ON_CLOSE)
          .build();
  private static final List<String> TEXTS =
      List.of("", "a", "ab", "\u0000", "\u0001", "é", "\ud801\udc00");

  private static Call call(String type, String address, long time, long millis) {
    return Call.builder(Long.toString(millis), type, Instant.ofEpochMilli(time))
        .address(address)
        .build();
  }

  private static List<Call> calls(Random random) {
    List<Call> calls = new ArrayList<>();
    long span = 1 + random.nextInt(60_000);
    long start = random.nextBoolean() ? 0 : -span / 2;
    for (int i = random.nextInt(200); i >= 0; i--) {
      long time = start + (long) (random.nextDouble() * span);
      // Multiples of the gap cause sessions that touch.
      time = random.nextBoolean() ? time : time - Math.floorMod(time, GAP);
      calls.add(
          call(
              TEXTS.get(1 + random.nextInt(2)),
              TEXTS.get(random.nextInt(TEXTS.size())),
              time,
              random.nextInt(100)));
    }
    return calls;
  }

  /** Returns sessions as text, by sorting the calls of each group. */
  private static List<String> model(List<Call> calls) {
    Map<List<String>, List<Call>> groups = new HashMap<>();
    calls.forEach(
        c -> groups.computeIfAbsent(List.of(c.type(), c.address()), k -> new ArrayList<>()).add(c));
    List<String> sessions = new ArrayList<>();
    groups.forEach(
        (key, all) -> {
          all.sort((a, b) -> Long.compare(a.epochMillis(), b.epochMillis()));
          int from = 0;
          for (int i = 1; i <= all.size(); i++) {
            if (i == all.size() || all.get(i).epochMillis() - all.get(i - 1).epochMillis() > GAP) {
              List<Call> session = all.subList(from, i);
              sessions.add(
                  text(
                      key,
                      session.get(0).epochMillis(),
                      session.get(session.size() - 1).epochMillis() + GAP,
                      session.size(),
                      session.stream().mapToLong(c -> Long.parseLong(c.id())).max().getAsLong()));
              from = i;
            }
          }
        });
    Collections.sort(sessions);
    return sessions;
  }

  private static String text(List<String> key, long start, long end, long count, long longest) {
    return key + " " + start + " " + end + " " + count + " " + longest;
  }

  /** Returns the sessions of blocks as text. The key of a block does not matter for its rows. */
  private static List<String> texts(Iterable<Groups> blocks) {
    List<String> texts = new ArrayList<>();
    for (Groups block : blocks) {
      for (ResultRow row : new BlockResults(STATISTIC, new TreeMap<>()).rows(0, block)) {
        texts.add(
            text(
                row.dimensions(),
                row.window().orElseThrow().start().toEpochMilli(),
                row.window().orElseThrow().end().toEpochMilli(),
                row.count(),
                ((Duration) row.value("longest").orElseThrow()).toMillis()));
      }
    }
    Collections.sort(texts);
    return texts;
  }

  /** Returns the partial results of a task. */
  private static NavigableMap<Long, byte[]> combined(List<Call> calls) {
    StatisticCombiner combiner = new StatisticCombiner(STATISTIC, StatisticCombiner.NO_WATERMARK);
    calls.forEach(
        call ->
            combiner.add(
                call,
                (s, start, end) -> {
                  throw new AssertionError("late without a watermark");
                }));
    NavigableMap<Long, byte[]> blocks = new TreeMap<>();
    combiner.forEachPartial(blocks::put);
    assertThat(blocks.keySet()).allMatch(SessionKey::isBucket);
    return blocks;
  }

  private static List<List<Call>> split(List<Call> calls, Random random) {
    List<List<Call>> parts = new ArrayList<>();
    for (int i = random.nextInt(5); i >= 0; i--) {
      parts.add(new ArrayList<>());
    }
    calls.forEach(call -> parts.get(random.nextInt(parts.size())).add(call));
    return parts;
  }

  @Property(tries = 500, shrinking = ShrinkingMode.OFF)
  void sessionsDoNotDependOnOrderTasksOrBatches(@ForAll Random random) {
    List<Call> calls = calls(random);
    List<NavigableMap<Long, Groups>> ends = new ArrayList<>();
    for (int attempt = 0; attempt < 2; attempt++) {
      Collections.shuffle(calls, random);
      BlockMerger merger = new BlockMerger(STATISTIC);
      SessionMerger sessions = new SessionMerger(STATISTIC, WINDOW);
      NavigableMap<Long, Groups> states = new TreeMap<>();
      NavigableMap<Long, Groups> overlaid = new TreeMap<>();
      List<Call> soFar = new ArrayList<>();
      for (List<Call> batch : split(calls, random)) {
        NavigableMap<Long, List<byte[]>> partials = new TreeMap<>();
        for (List<Call> task : split(batch, random)) {
          combined(task)
              .forEach(
                  (key, block) -> partials.computeIfAbsent(key, k -> new ArrayList<>()).add(block));
        }
        partials.forEach(
            (key, blocks) -> {
              Collections.shuffle(blocks, random);
              Groups before = states.getOrDefault(key, Groups.NONE);
              PageChanges merged = merger.merge(before, blocks);
              states.put(key, before.with(merged));
              Groups known = overlaid.getOrDefault(key, Groups.NONE);
              overlaid.put(key, sessions.overlay(known, merged.updates()));
            });
        soFar.addAll(batch);
        assertThat(texts(states.values())).isEqualTo(model(soFar));
      }
      assertThat(blocks(overlaid)).isEqualTo(blocks(states));
      ends.add(states);
    }
    assertThat(blocks(ends.get(0))).isEqualTo(blocks(ends.get(1)));
  }

  private static Map<Long, String> blocks(Map<Long, Groups> sessions) {
    Map<Long, String> blocks = new TreeMap<>();
    sessions.forEach((key, groups) -> blocks.put(key, HexFormat.of().formatHex(groups.toBlock())));
    return blocks;
  }

  @Property(tries = 300, shrinking = ShrinkingMode.OFF)
  void eachSessionIsEitherOpenOrClosed(@ForAll Random random) {
    List<Call> calls = calls(random);
    SessionMerger sessions = new SessionMerger(STATISTIC, WINDOW);
    long watermark = -40_000 + random.nextInt(120_000);
    List<String> all = new ArrayList<>();
    for (byte[] block : combined(calls).values()) {
      Groups both = Groups.of(block);
      NavigableMap<Long, Groups> closed = new TreeMap<>();
      sessions.closed(both, watermark).forEach((hour, some) -> closed.put(hour, Groups.of(some)));
      closed.forEach(
          (hour, some) -> {
            assertThat(hour % 3_600_000).isZero();
            assertThat(new BlockResults(STATISTIC, new TreeMap<>(Map.of(hour, some))).rows())
                .allMatch(row -> endOf(row) + GAP + LATENESS <= watermark)
                .allMatch(row -> Math.floorDiv(startOf(row), 3_600_000L) * 3_600_000 == hour);
          });
      Groups open = sessions.open(both, watermark);
      assertThat(sessions.firstClose(both) <= watermark).isEqualTo(!closed.isEmpty());
      if (open.count() > 0) {
        assertThat(sessions.firstClose(open)).isGreaterThan(watermark);
        all.addAll(texts(List.of(open)));
      }
      all.addAll(texts(closed.values()));
    }
    Collections.sort(all);
    assertThat(all).isEqualTo(model(calls));
  }

  private static long startOf(ResultRow row) {
    return row.window().orElseThrow().start().toEpochMilli();
  }

  private static long endOf(ResultRow row) {
    return row.window().orElseThrow().end().toEpochMilli();
  }

  @Test
  void rowsAreSortedByTheStartOfTheirSession() {
    List<Call> calls =
        List.of(
            call("a", "", 5_000, 1),
            call("b", "", 1_000, 1),
            call("a", "", 1_000, 1),
            call("b", "", 1_500, 1),
            call("c", "", 3_000, 1));
    NavigableMap<Long, Groups> hours = new TreeMap<>();
    SessionMerger sessions = new SessionMerger(STATISTIC, WINDOW);
    combined(calls)
        .values()
        .forEach(
            block ->
                sessions
                    .closed(Groups.of(block), Long.MAX_VALUE)
                    .forEach(
                        (hour, some) ->
                            hours.merge(hour, Groups.of(some), (all, more) -> all.overlaid(some))));
    BlockResults results = new BlockResults(STATISTIC, hours);
    assertThat(results.rows())
        .extracting(row -> startOf(row) + row.dimension("crime_type"))
        .containsExactly("1000b", "1000a", "3000c", "5000a");
    assertThat(results.windows())
        .extracting(window -> window.start().toEpochMilli() + "-" + window.end().toEpochMilli())
        .containsExactly("1000-2000", "1000-2500", "3000-4000", "5000-6000");
    assertThat(results.window(Instant.ofEpochMilli(1_000))).hasSize(2);
    assertThat(results.window(Instant.ofEpochMilli(1_001))).isEmpty();
    assertThat(results.top(2))
        .extracting(row -> startOf(row) + row.dimension("crime_type"))
        .containsExactly("1000b", "1000a");
  }
}
