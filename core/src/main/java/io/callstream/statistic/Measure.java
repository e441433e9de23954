package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import java.io.Serializable;
import java.util.Optional;
import java.util.Set;

/**
 * A value that a statistic computes for each group of calls. {@link Measures} creates the common
 * measures; custom measures implement {@link Aggregate}.
 */
public sealed interface Measure extends Serializable {
  /** Returns the name of the column in which results show this measure. */
  String name();

  /** Returns the type of the values. Sinks with typed columns use it before the first result. */
  ValueType valueType();

  /**
   * Returns the number of digits after the point of the values, from 0 to {@link #MAX_PRECISION}.
   * Applies only to {@link ValueType#DECIMAL}. Defaults to 0.
   */
  default int scale() {
    return 0;
  }

  /** The maximum number of digits of a {@link ValueType#DECIMAL}. */
  int MAX_PRECISION = 38;

  /** The type of a measure's values. */
  enum ValueType {
    /** A {@link Long}. */
    LONG,
    /** A {@link Double}. */
    DOUBLE,
    /** A {@link java.time.Duration}. */
    DURATION,
    /**
     * A {@link java.math.BigDecimal} with at most {@link Measure#MAX_PRECISION} digits, of which
     * {@link Measure#scale()} are after the point.
     */
    DECIMAL,
    /** A {@link String}. */
    TEXT
  }

  /** The number of calls in the group, as a {@link Long}. */
  record Count(String name) implements Measure {
    /** Checks the name. */
    public Count {
      Dimension.requireName(name);
    }

    @Override
    public ValueType valueType() {
      return ValueType.LONG;
    }
  }

  /**
   * The group's share of all calls in its window, as a {@link Double} from 0 to 1. Without a
   * window, it is the share of all calls.
   */
  record Share(String name) implements Measure {
    /** Checks the name. */
    public Share {
      Dimension.requireName(name);
    }

    @Override
    public ValueType valueType() {
      return ValueType.DOUBLE;
    }
  }

  /** A measure with a state for each group. States over different calls can be merged. */
  non-sealed interface Aggregate extends Measure {
    /** {@inheritDoc} Defaults to {@link ValueType#LONG}. */
    @Override
    default ValueType valueType() {
      return ValueType.LONG;
    }

    /**
     * Returns the fields of a call that this measure reads, except for the event time. It must not
     * read fields that nothing in the pipeline declares.
     */
    Set<Field<?>> fields();

    /** Returns the state over no calls. */
    Accumulator empty();

    /** Returns the state that {@link Accumulator#toBytes()} wrote. */
    Accumulator read(byte[] state);

    /**
     * Returns whether the states of another measure always have the same bytes as those of this
     * one, and either measure can {@link #read} them. A statistic with both then keeps one state
     * for both. The result must depend only on what the descriptions of both measures state.
     * Defaults to false.
     */
    default boolean sharesStateWith(Aggregate other) {
      return false;
    }

    /**
     * Returns whether {@link Accumulator#retract} removes a call exactly. Pipelines with
     * corrections require it. Defaults to false.
     */
    default boolean canRetract() {
      return false;
    }
  }

  /**
   * The state of an {@link Aggregate} over some calls. The value must not depend on the order in
   * which calls are added, nor on how they are split and merged. Not thread-safe.
   */
  interface Accumulator {
    /** Adds a call. */
    void add(Call call);

    /**
     * Removes a call that was added to this state, or to another one that will be merged with it.
     * Afterwards, the merged state must have the same value and bytes as if the call had never been
     * added. A state may have more retracted calls than added ones; only {@link #merge} and {@link
     * #toBytes} are called on it.
     *
     * @throws UnsupportedOperationException unless {@link Aggregate#canRetract}
     */
    default void retract(Call call) {
      throw new UnsupportedOperationException("This measure cannot retract a call");
    }

    /** Adds the calls of another state of the same measure. Does not modify the other state. */
    void merge(Accumulator other);

    /** Returns the state as bytes. */
    byte[] toBytes();

    /**
     * Returns the result as an instance of the class that {@link ValueType} states, or empty if no
     * call has data for it.
     */
    Optional<Object> value();
  }
}
