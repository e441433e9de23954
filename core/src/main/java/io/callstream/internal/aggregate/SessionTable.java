package io.callstream.internal.aggregate;

import io.callstream.call.Call;
import io.callstream.statistic.Measure;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The sessions of one statistic in one task. Not thread-safe. */
final class SessionTable extends TaskGroups {
  private final String statistic;
  private final List<Measure.Aggregate> aggregates;
  private final long gap;
  private final Bytes key = new Bytes(64);

  /**
   * The sessions of each group by their first time. Those of a group are more than a gap apart.
   * Groups are sorted by their keys.
   */
  private final NavigableMap<byte[], NavigableMap<Long, Session>> groups =
      new TreeMap<>(Arrays::compareUnsigned);

  SessionTable(String statistic, List<Measure.Aggregate> aggregates, long gap) {
    this.statistic = statistic;
    this.aggregates = aggregates;
    this.gap = gap;
  }

  private static final class Session {
    long last;
    long count;
    final Measure.Accumulator[] states;

    Session(long time, List<Measure.Aggregate> aggregates) {
      last = time;
      states = new Measure.Accumulator[aggregates.size()];
      for (int i = 0; i < states.length; i++) {
        states[i] = aggregates.get(i).empty();
      }
    }
  }

  @Override
  void add(long time, String[] values, Call call) {
    NavigableMap<Long, Session> sessions = sessions(values);
    Map.Entry<Long, Session> before = sessions.floorEntry(time);
    Session session;
    if (before != null && time <= before.getValue().last + gap) {
      session = before.getValue();
      session.last = Math.max(session.last, time);
    } else {
      session = new Session(time, aggregates);
      sessions.put(time, session);
    }
    session.count++;
    for (Measure.Accumulator state : session.states) {
      state.add(call);
    }
    Map.Entry<Long, Session> after = sessions.higherEntry(time);
    if (after != null && after.getKey() <= session.last + gap) {
      sessions.remove(after.getKey());
      join(session, after.getValue());
    }
  }

  @Override
  void retract(long window, String[] values, Call call) {
    throw new AssertionError("A pipeline with corrections has no sessions");
  }

  private NavigableMap<Long, Session> sessions(String[] values) {
    key.clear();
    for (String value : values) {
      GroupKey.append(key, value);
    }
    return groups.computeIfAbsent(key.toArray(), group -> new TreeMap<>());
  }

  private void join(Session session, Session next) {
    session.last = next.last;
    session.count += next.count;
    for (int i = 0; i < session.states.length; i++) {
      try {
        session.states[i].merge(next.states[i]);
      } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
        throw BlockMerger.failed(statistic, aggregates.get(i), e);
      }
    }
  }

  @Override
  void forEachBlock(StatisticCombiner.Partials blocks) {
    NavigableMap<Long, NavigableMap<byte[], NavigableMap<Long, Session>>> buckets = new TreeMap<>();
    groups.forEach(
        (group, sessions) ->
            buckets
                .computeIfAbsent(
                    SessionKey.bucket(group), bucket -> new TreeMap<>(Arrays::compareUnsigned))
                .put(group, sessions));
    buckets.forEach((bucket, content) -> blocks.partial(bucket, block(content)));
  }

  private byte[] block(NavigableMap<byte[], NavigableMap<Long, Session>> content) {
    BlockWriter out = new BlockWriter(aggregates.size(), content.size() * 48);
    content.forEach(
        (group, sessions) ->
            sessions.forEach((first, session) -> write(out, group, first, session)));
    return out.toBlock();
  }

  private void write(BlockWriter out, byte[] group, long first, Session session) {
    key.clear();
    SessionKey.append(key, group, first, session.last);
    out.group(key.array(), key.size(), session.count);
    for (int i = 0; i < session.states.length; i++) {
      byte[] bytes;
      try {
        bytes = session.states[i].toBytes();
      } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
        throw BlockMerger.failed(statistic, aggregates.get(i), e);
      }
      out.state(bytes, 0, bytes.length);
    }
  }
}
