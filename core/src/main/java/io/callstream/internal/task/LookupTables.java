package io.callstream.internal.task;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The tables of all lookups that a batch uses, in the order of the pipeline. Immutable. */
public final class LookupTables {
  /** The tables of a pipeline without lookups. */
  public static final LookupTables NONE = new LookupTables(List.of());

  private final List<JoinTable> tables;

  private LookupTables(List<JoinTable> tables) {
    this.tables = List.copyOf(tables);
  }

  /** Returns tables that were stored, or no tables if some of them are missing. */
  public static LookupTables of(List<Join> joins, List<StoredTable> stored) {
    List<JoinTable> tables = new ArrayList<>();
    for (Join join : joins) {
      stored.stream()
          .filter(table -> table.name().equals(join.name()))
          .forEach(table -> tables.add(JoinTable.of(join, table)));
    }
    return tables.size() == joins.size() ? new LookupTables(tables) : NONE;
  }

  /** Returns the first versions of tables. */
  public static LookupTables first(List<JoinTable> tables) {
    return new LookupTables(tables.stream().map(table -> table.withVersion(1)).toList());
  }

  /** Returns the tables of some lookups. */
  JoinTable[] of(List<Join> joins, Predicate<Join> which) {
    List<JoinTable> some = new ArrayList<>();
    for (int i = 0; i < tables.size(); i++) {
      if (which.test(joins.get(i))) {
        some.add(tables.get(i));
      }
    }
    return some.toArray(JoinTable[]::new);
  }

  public List<JoinTable> tables() {
    return tables;
  }

  public List<StoredTable> stored() {
    return tables.stream().map(JoinTable::stored).toList();
  }

  /**
   * Returns these tables with another version of one of them, or the same tables if it has the same
   * rows.
   */
  public LookupTables with(int index, JoinTable table) {
    StoredTable now = tables.get(index).stored();
    if (now.hasRowsOf(table.stored())) {
      return this;
    }
    List<JoinTable> next = new ArrayList<>(tables);
    next.set(index, table.withVersion(now.version() + 1));
    return new LookupTables(next);
  }
}
