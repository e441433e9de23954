package io.callstream.internal.aggregate;

/**
 * The number and the size of some groups.
 *
 * @param groups the number of groups, without the one of all groups over the limit
 * @param hasOther whether the group of all groups over the limit is included
 * @param keyBytes the size of the keys
 * @param stateBytes the size of the states of the aggregates
 */
record GroupTotals(int groups, boolean hasOther, long keyBytes, long stateBytes) {
  static GroupTotals of(byte[] block, byte[] otherKey) {
    BlockReader groups = new BlockReader(block);
    boolean hasOther = false;
    long keyBytes = 0;
    long stateBytes = 0;
    while (groups.next()) {
      hasOther |= groups.keyEquals(otherKey);
      keyBytes += groups.keyLength();
      stateBytes += groups.stateBytes();
    }
    return new GroupTotals(groups.groups() - (hasOther ? 1 : 0), hasOther, keyBytes, stateBytes);
  }

  static GroupTotals read(Bytes.Reader in) {
    return new GroupTotals(
        in.atMost(Integer.MAX_VALUE), in.atMost(1) == 1, in.number(), in.number());
  }

  void write(Bytes out) {
    out.putNumber(groups);
    out.putNumber(hasOther ? 1 : 0);
    out.putNumber(keyBytes);
    out.putNumber(stateBytes);
  }

  long bytes() {
    return keyBytes + stateBytes;
  }

  /** Returns these totals after a part of the groups has become other groups. */
  GroupTotals replacing(GroupTotals before, GroupTotals after) {
    return new GroupTotals(
        groups - before.groups + after.groups,
        hasOther || after.hasOther,
        keyBytes - before.keyBytes + after.keyBytes,
        stateBytes - before.stateBytes + after.stateBytes);
  }
}
