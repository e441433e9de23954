package io.callstream.spark;

import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskPlan;
import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The tables of lookups as the driver sends them to executors. Each executor decodes them once.
 * Thread-safe. This is a class because Kryo cannot read records.
 */
final class SentTables implements Serializable {
  private static final long serialVersionUID = 1L;

  private final StoredTable[] stored;
  private transient @Nullable LookupTables decoded;

  SentTables(LookupTables tables) {
    stored = tables.stored().toArray(StoredTable[]::new);
    decoded = tables;
  }

  synchronized LookupTables tables(TaskPlan plan) {
    LookupTables tables = decoded;
    if (tables == null) {
      tables = LookupTables.of(plan.joins(), List.of(stored));
      decoded = tables;
    }
    return tables;
  }
}
