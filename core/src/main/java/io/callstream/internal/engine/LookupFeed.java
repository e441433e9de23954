package io.callstream.internal.engine;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.internal.files.Closing;
import io.callstream.internal.ledger.Ledger;
import io.callstream.internal.task.Join;
import io.callstream.internal.task.JoinTable;
import io.callstream.internal.task.LookupTables;
import io.callstream.internal.task.StoredTable;
import io.callstream.internal.task.TaskPlan;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupTable;
import io.callstream.pipeline.Pipeline;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of the lookups of a run. The driver asks for them at the start of each batch. For one
 * thread, which may differ from the one that opened the feed.
 */
/*
 * The ledger has the tables that a batch used before any sink receives the batch. A batch that is
 * in the ledger and not committed is repeated with its tables. Every other batch uses the current
 * tables, because no sink has seen it with others.
 */
public final class LookupFeed implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LookupFeed.class);

  private final List<LookupTable> lookups;
  private final List<Join> joins;
  private final List<LookupSource.Reader> readers = new ArrayList<>();
  private final long repeatedBatch;
  private final LookupTables repeated;
  private LookupTables current;

  private LookupFeed(Pipeline pipeline, TaskPlan plan, Ledger ledger) {
    lookups = pipeline.lookups();
    joins = plan.joins();
    Optional<List<StoredTable>> ofNext = joins.isEmpty() ? Optional.empty() : ledger.tablesOfNext();
    repeatedBatch = ofNext.isPresent() ? ledger.lastBatch() + 1 : Ledger.NO_BATCH;
    repeated = LookupTables.of(joins, ofNext.orElseGet(ledger::tables));
    current = repeated;
  }

  /**
   * Opens the sources, and reads the tables.
   *
   * @throws CallstreamException with {@link ErrorCode#LOOKUP_FAILED} if a table cannot be read or
   *     is not valid
   */
  public static LookupFeed open(Pipeline pipeline, TaskPlan plan, Ledger ledger) {
    LookupFeed feed = new LookupFeed(pipeline, plan, ledger);
    try {
      feed.start();
    } catch (RuntimeException | Error e) {
      Closing.after(e, feed);
      throw e;
    }
    return feed;
  }

  private void start() {
    List<JoinTable> first = new ArrayList<>();
    for (int i = 0; i < lookups.size(); i++) {
      LookupTable lookup = lookups.get(i);
      readers.add(guarded(lookup, () -> lookup.source().open(lookup)));
      first.add(
          poll(i)
              .orElseThrow(
                  () ->
                      new CallstreamException(
                          ErrorCode.LOOKUP_FAILED,
                          "The source of the lookup '%s' gave no table at the first poll. Correct LookupSource.Reader.poll."
                              .formatted(lookup.name()))));
    }
    if (current.tables().size() < first.size()) {
      current = LookupTables.first(first);
      current.stored().forEach(LookupFeed::log);
      return;
    }
    for (int i = 0; i < first.size(); i++) {
      change(i, first.get(i));
    }
  }

  private interface Step<T> {
    T take();
  }

  private static <T> T guarded(LookupTable lookup, Step<T> step) {
    try {
      return step.take();
    } catch (CallstreamException e) {
      throw e;
    } catch (RuntimeException | LinkageError e) {
      throw new CallstreamException(
          ErrorCode.LOOKUP_FAILED,
          "The source of the lookup '%s' (%s) failed: %s. Correct the cause, and start again with the same checkpoint: nothing is lost."
              .formatted(lookup.name(), lookup.source().description(), e),
          e);
    }
  }

  private Optional<JoinTable> poll(int index) {
    return guarded(
        lookups.get(index),
        () -> readers.get(index).poll().map(texts -> JoinTable.of(joins.get(index), texts)));
  }

  private void change(int index, JoinTable table) {
    LookupTables next = current.with(index, table);
    if (next != current) {
      current = next;
      log(current.stored().get(index));
    }
  }

  private static void log(StoredTable table) {
    LOG.info(
        "The lookup '{}' uses version {} of its table, with {} rows",
        table.name(),
        table.version(),
        table.rows());
  }

  /**
   * Returns the tables of a batch: those in the ledger if the batch is repeated, and otherwise the
   * current ones, after looking for changes.
   */
  public LookupTables ofBatch(long number) {
    return number == repeatedBatch ? repeated : next();
  }

  /** Returns the current tables, after looking for changes. */
  public LookupTables next() {
    for (int i = 0; i < readers.size(); i++) {
      int index = i;
      poll(i).ifPresent(table -> change(index, table));
    }
    return current;
  }

  @Override
  public void close() {
    Closing.all(readers, LookupSource.Reader::close);
  }
}
