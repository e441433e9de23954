package io.callstream.pipeline;

import com.fasterxml.jackson.annotation.JsonValue;
import io.callstream.statistic.Statistic;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The results of one statistic at one moment. Immutable and thread-safe. Rows are created on
 * request, so a large result does not occupy memory until it is read.
 *
 * <p>Rows are sorted by the start of their window, then by count descending, then by dimensions
 * from left to right: numbers by value, text by its UTF-8 bytes.
 */
public interface Results extends Iterable<ResultRow> {
  /** Returns the statistic. */
  Statistic statistic();

  /**
   * Returns from where the statistic counts, if it was added to a pipeline that had already
   * processed records; empty if it counts all records of the pipeline.
   */
  default Optional<CountedSince> countedSince() {
    return Optional.empty();
  }

  /** Returns the number of rows, without creating them. */
  long size();

  /**
   * Returns these results with the groups that corrections left without calls, as {@linkplain
   * ResultRow#isRemoved() rows whose count is 0}. The updates of a batch have such rows, and all
   * results so far do not. A sink that fills its store with all results uses this method to remove
   * groups from it. Defaults to these results.
   */
  default Results withRemoved() {
    return this;
  }

  /** Returns whether there are no rows. */
  default boolean isEmpty() {
    return size() == 0;
  }

  /** Returns all rows. The stream creates them window by window. */
  Stream<ResultRow> stream();

  /** Returns all rows. Jackson writes results as a JSON array of their rows. */
  @JsonValue
  default List<ResultRow> rows() {
    return stream().toList();
  }

  /** Returns an iterator over all rows, which creates them window by window. */
  @Override
  default Iterator<ResultRow> iterator() {
    return stream().iterator();
  }

  /**
   * Returns the rows of the window that starts at {@code start}, or an empty list if there is none.
   */
  List<ResultRow> window(Instant start);

  /**
   * Returns the row of one group of a statistic without a window; empty if the group has no calls.
   *
   * @param dimensions the values of all dimensions, in the order of their columns
   */
  default Optional<ResultRow> group(List<String> dimensions) {
    return stream().filter(row -> row.dimensions().equals(dimensions)).findFirst();
  }

  /**
   * Returns the row of one group in the window that starts at {@code start}; empty if the group has
   * no calls there.
   *
   * @param dimensions the values of all dimensions, in the order of their columns
   */
  default Optional<ResultRow> group(Instant start, List<String> dimensions) {
    return window(start).stream().filter(row -> row.dimensions().equals(dimensions)).findFirst();
  }

  /**
   * Returns the windows that have rows, in ascending order; empty for a statistic without a window.
   */
  List<WindowBounds> windows();

  /**
   * Returns the rows with the highest counts of all windows, in descending order.
   *
   * @param n the maximum number of rows; at least 0
   * @throws IllegalArgumentException if {@code n} is negative
   */
  List<ResultRow> top(int n);
}
