package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import java.io.Serializable;
import java.util.Optional;
import java.util.Set;

/** What a statistic tells of each group of calls. Measures come from {@link Measures}. */
public sealed interface Measure extends Serializable {
  /** Returns the column in which results show this measure. */
  String name();

  /** Returns what its values are, so that stores with typed columns can be told beforehand. */
  ValueType valueType();

  /** What the values of a measure are. */
  enum ValueType {
    /** A {@link Long}. */
    LONG,
    /** A {@link Double}. */
    DOUBLE,
    /** A {@link java.time.Duration}. */
    DURATION
  }

  /** How many calls the group has, as a {@link Long}. */
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
   * The group's part of all calls in its window, or of all calls where there is no window, as a
   * {@link Double} from 0 to 1.
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

  /** A measure that keeps a state for each group, which merges with that of other calls. */
  non-sealed interface Aggregate extends Measure {
    /** {@inheritDoc} Whole numbers, unless a measure says otherwise. */
    @Override
    default ValueType valueType() {
      return ValueType.LONG;
    }

    /**
     * Returns the fields of a call that this measure reads besides the event time; to read a field
     * that nothing in the pipeline declares is an error.
     */
    Set<CallField> fields();

    /** Returns the state of no calls. */
    Accumulator empty();

    /** Returns the state that {@link Accumulator#toBytes()} wrote. */
    Accumulator read(byte[] state);
  }

  /**
   * The state of an {@link Aggregate} over some calls. Adding and merging give the same value in
   * any split and any order. Not thread-safe.
   */
  interface Accumulator {
    /** Takes a call in. */
    void add(Call call);

    /** Takes in the calls of another state of the same measure, which is not modified. */
    void merge(Accumulator other);

    /** Returns the state as bytes. */
    byte[] toBytes();

    /** Returns the result: a Long, a Double or a Duration; empty where no call tells. */
    Optional<Object> value();
  }
}
