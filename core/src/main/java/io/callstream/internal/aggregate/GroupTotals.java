package io.callstream.internal.aggregate;

/**
 * The number and the size of some groups.
 *
 * @param groups the number of groups
 * @param keyBytes the size of the keys
 * @param stateBytes the size of the states of the aggregates
 */
record GroupTotals(int groups, long keyBytes, long stateBytes) {
  static GroupTotals of(Groups some) {
    BlockReader reader = some.reader();
    long keyBytes = 0;
    long stateBytes = 0;
    while (reader.next()) {
      keyBytes += reader.keyLength();
      stateBytes += reader.stateBytes();
    }
    return new GroupTotals(some.groups(), keyBytes, stateBytes);
  }

  static GroupTotals read(Bytes.Reader in) {
    return new GroupTotals(in.atMost(Integer.MAX_VALUE), in.number(), in.number());
  }

  void write(Bytes out) {
    out.putNumber(groups);
    out.putNumber(keyBytes);
    out.putNumber(stateBytes);
  }

  long bytes() {
    return keyBytes + stateBytes;
  }

  /** Returns these totals after a part of the groups has become other groups. */
  GroupTotals replacing(GroupTotals before, GroupTotals after) {
    return new GroupTotals(
        Math.addExact(groups, after.groups - before.groups),
        keyBytes - before.keyBytes + after.keyBytes,
        stateBytes - before.stateBytes + after.stateBytes);
  }
}
