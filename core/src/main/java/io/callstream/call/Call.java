package io.callstream.call;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A police call for service, or another event. Immutable and thread-safe.
 *
 * <p>A call has an event time and {@linkplain Field fields}. Text that is missing or blank in the
 * record is the empty string. Other text is kept unchanged and is not trimmed. Values of other
 * types are absent if they are missing. A parser builds only the requested fields, and reading any
 * other field throws {@link UndeclaredFieldException}. In a pipeline, a call has only the fields
 * that the statistics of the pipeline declare.
 */
public final class Call {
  /** The earliest time that a call can have. */
  public static final Instant EARLIEST = Instant.parse("-0001-01-01T00:00:00Z");

  /** The latest time that a call can have. */
  public static final Instant LATEST = Instant.parse("+10000-12-31T23:59:59.999Z");

  private final long epochMillis;
  private final boolean ambiguousTime;
  private final FieldSlots slots;
  private final String[] texts;
  private final long @Nullable [] values;

  /** Creates a call that takes ownership of the arrays. */
  Call(
      long epochMillis,
      boolean ambiguousTime,
      FieldSlots slots,
      String[] texts,
      long @Nullable [] values) {
    this.epochMillis = epochMillis;
    this.ambiguousTime = ambiguousTime;
    this.slots = slots;
    this.texts = texts;
    this.values = values;
  }

  /**
   * Returns a builder for a call in which all fields can be read.
   *
   * @param time the event time, from {@link #EARLIEST} to {@link #LATEST}; truncated to the
   *     millisecond
   * @throws IllegalArgumentException if {@code id} or {@code type} is blank, or if {@code time} is
   *     out of range
   */
  public static Builder builder(String id, String type, Instant time) {
    return builder(time)
        .with(Fields.ID, requireText(Fields.ID, id))
        .with(Fields.TYPE, requireText(Fields.TYPE, type));
  }

  /**
   * Returns a builder for a call without id and type in which all fields can be read.
   *
   * @param time the event time, from {@link #EARLIEST} to {@link #LATEST}; truncated to the
   *     millisecond
   * @throws IllegalArgumentException if {@code time} is out of range
   */
  public static Builder builder(Instant time) {
    return new Builder(time, Set.of(), true);
  }

  /**
   * Returns a builder for a call in which only some fields can be read, such as a parser builds. A
   * field that is set on the builder can be read as well.
   *
   * @param time the event time, from {@link #EARLIEST} to {@link #LATEST}; truncated to the
   *     millisecond
   * @param fields the requested fields
   * @throws IllegalArgumentException if {@code time} is out of range
   */
  public static Builder builder(Instant time, Set<Field<?>> fields) {
    return new Builder(time, fields, false);
  }

  private static String requireText(Field<String> field, String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("The " + field + " of a call must not be blank");
    }
    return text;
  }

  /** Returns whether a field can be read, even if the call has no value of it. */
  public boolean has(Field<?> field) {
    return field == Fields.TIME || slots.has(field);
  }

  /**
   * Returns the fields that can be read, except for the event time. If all fields can be read,
   * these are the fields that were set.
   */
  public Set<Field<?>> fields() {
    return slots.fields();
  }

  /** Returns a copy of this call in which only {@code fields} and the event time can be read. */
  public Call only(Set<Field<?>> fields) {
    boolean hasOnly = !slots.isOpen() && slots.fields().equals(fields);
    if (hasOnly || fields.containsAll(Fields.ALL)) {
      return this;
    }
    FieldSlots only = FieldSlots.of(fields, false);
    String[] someTexts = only.noTexts();
    long[] someValues = only.noValues();
    for (Field<?> field : only.fields()) {
      if (slots.has(field)) {
        slots.copy(field, texts, values, only, someTexts, someValues);
      }
    }
    return new Call(epochMillis, ambiguousTime, only, someTexts, someValues);
  }

  /**
   * Returns a copy of this call that also has values of other calls, in which only {@code fields}
   * and the event time of this call can be read.
   *
   * @param fields the fields of the copy; with {@link Fields#ALL}, also those of this call
   * @param others calls whose values replace those of this call
   */
  public Call joined(Set<Field<?>> fields, List<Call> others) {
    FieldSlots to =
        fields.containsAll(Fields.ALL) ? slotsWith(fields) : FieldSlots.of(fields, false);
    String[] toTexts = to.noTexts();
    long[] toValues = to.noValues();
    copyTo(to, toTexts, toValues);
    for (Call other : others) {
      other.copyTo(to, toTexts, toValues);
    }
    return new Call(epochMillis, ambiguousTime, to, toTexts, toValues);
  }

  /** Returns slots for some fields and those of this call. */
  private FieldSlots slotsWith(Set<Field<?>> fields) {
    Set<Field<?>> all = new HashSet<>(slots.fields());
    all.addAll(fields);
    all.removeAll(Fields.ALL);
    return FieldSlots.of(all, slots.isOpen());
  }

  private void copyTo(FieldSlots to, String[] toTexts, long @Nullable [] toValues) {
    for (Field<?> field : slots.fields()) {
      if (to.hasSlot(field)) {
        slots.copy(field, texts, values, to, toTexts, toValues);
      }
    }
  }

  /** Returns the id of the call at its source. */
  public String id() {
    return text(Fields.ID);
  }

  /** Returns the call type, unchanged. */
  public String type() {
    return text(Fields.TYPE);
  }

  /** Returns the event time, to the millisecond. */
  public Instant time() {
    return Instant.ofEpochMilli(epochMillis);
  }

  /** Returns {@code time().toEpochMilli()} without building an {@link Instant}. */
  public long epochMillis() {
    return epochMillis;
  }

  /**
   * Returns whether the event time is ambiguous: the record gives a wall-clock time that occurs
   * twice because the clocks were set back, and no offset. {@link #time()} is then the earlier of
   * the two.
   */
  public boolean ambiguousTime() {
    return ambiguousTime;
  }

  /** Returns the disposition code, or the empty string. */
  public String disposition() {
    return text(Fields.DISPOSITION);
  }

  /** Returns the address, or the empty string. */
  public String address() {
    return text(Fields.ADDRESS);
  }

  /**
   * Returns the text of a field, or the empty string if the call has none.
   *
   * @throws UndeclaredFieldException if the field was not requested
   */
  public String text(Field<String> field) {
    return slots.text(texts, field);
  }

  /**
   * Returns the value of a field. For the path of many calls, {@link #text}, {@link #longValue} and
   * {@link #doubleValue} are faster.
   *
   * @return the value; null if the call has none and the field is not a text field. A call without
   *     a text has the empty string
   * @throws UndeclaredFieldException if the field was not requested
   */
  public <T> @Nullable T get(Field<T> field) {
    Object value = value(field);
    return value == null ? null : field.cast(value);
  }

  private @Nullable Object value(Field<?> field) {
    if (field == Fields.TIME) {
      return time();
    }
    if (field.type() == Field.Type.TEXT) {
      return slots.text(texts, field);
    }
    int place = slots.place(values, field);
    if (place < 0 || values == null) {
      return null;
    }
    long value = values[place];
    return switch (field.type()) {
      case TEXT -> throw new AssertionError(field);
      case NUMBER -> value;
      case DECIMAL -> BigDecimal.valueOf(value, field.scale());
      case REAL -> Double.longBitsToDouble(value);
      case FLAG -> value != 0;
      case TIME -> Instant.ofEpochMilli(value);
      case POSITION ->
          new Position(Double.longBitsToDouble(value), Double.longBitsToDouble(values[place + 1]));
    };
  }

  /**
   * Returns whether the call has a value of a field: text that is not empty, or any value of
   * another type.
   *
   * @throws UndeclaredFieldException if the field was not requested
   */
  public boolean isPresent(Field<?> field) {
    return field.type() == Field.Type.TEXT
        ? !slots.text(texts, field).isEmpty()
        : field == Fields.TIME || slots.place(values, field) >= 0;
  }

  /**
   * Returns a value as a whole number: a number, a decimal number as a multiple of {@code
   * 10^-scale}, a flag as 1 or 0, or a time in milliseconds since the epoch.
   *
   * @throws UndeclaredFieldException if the field was not requested
   * @throws IllegalArgumentException if the field has values of another type
   * @throws AbsentValueException if the call has no value of the field; see {@link #isPresent}
   */
  public long longValue(Field<?> field) {
    return switch (field.type()) {
      case NUMBER, DECIMAL, FLAG -> present(field);
      case TIME -> field == Fields.TIME ? epochMillis : present(field);
      case TEXT, REAL, POSITION ->
          throw new IllegalArgumentException(
              "Field " + field + " of type " + field.type() + " has no whole numbers");
    };
  }

  /**
   * Returns a value as a number in double precision. For a decimal number this is the nearest one.
   *
   * @throws UndeclaredFieldException if the field was not requested
   * @throws IllegalArgumentException if the field has no numbers
   * @throws AbsentValueException if the call has no value of the field; see {@link #isPresent}
   */
  public double doubleValue(Field<?> field) {
    return switch (field.type()) {
      case NUMBER -> present(field);
      case DECIMAL -> BigDecimal.valueOf(present(field), field.scale()).doubleValue();
      case REAL -> Double.longBitsToDouble(present(field));
      case TEXT, FLAG, TIME, POSITION ->
          throw new IllegalArgumentException(
              "Field " + field + " of type " + field.type() + " has no numbers");
    };
  }

  private long present(Field<?> field) {
    int place = slots.place(values, field);
    if (place < 0 || values == null) {
      throw new AbsentValueException(field);
    }
    return values[place];
  }

  /**
   * Returns a time, or empty if the call does not have it.
   *
   * @throws UndeclaredFieldException if the field was not requested
   */
  public Optional<Instant> time(Field<Instant> field) {
    return Optional.ofNullable(get(field));
  }

  /**
   * Returns the duration from one time of the call to another, or empty if either is unknown. The
   * duration is negative if {@code end} is before {@code start}.
   *
   * @throws UndeclaredFieldException if a field was not requested
   */
  public Optional<Duration> between(Field<Instant> start, Field<Instant> end) {
    return time(start).flatMap(from -> time(end).map(to -> Duration.between(from, to)));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Call that
        && epochMillis == that.epochMillis
        && ambiguousTime == that.ambiguousTime
        && hasValuesOf(that)
        && that.hasValuesOf(this);
  }

  private boolean hasValuesOf(Call that) {
    return that.slots.fields().stream()
        .allMatch(field -> Objects.equals(valueOrNone(field), that.valueOrNone(field)));
  }

  /**
   * Returns the value of a field; the same for a field without a value and one that is undeclared.
   */
  private @Nullable Object valueOrNone(Field<?> field) {
    return has(field) ? value(field) : field.type() == Field.Type.TEXT ? "" : null;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(epochMillis) * 31 + Objects.hashCode(valueOrNone(Fields.ID));
  }

  /** Returns the id and the event time only, without personal data. */
  @Override
  public String toString() {
    return "Call[" + valueOrNone(Fields.ID) + " at " + time() + "]";
  }

  /** Builds a {@link Call}. Not thread-safe. */
  public static final class Builder {
    private final long epochMillis;
    private final Set<Field<?>> requested;
    private final boolean open;
    private final Map<Field<?>, Object> set = new LinkedHashMap<>();
    private boolean ambiguousTime;

    private Builder(Instant time, Set<Field<?>> fields, boolean open) {
      this.epochMillis = requireTime(Fields.TIME, time).toEpochMilli();
      this.requested = Set.copyOf(fields);
      this.open = open;
    }

    /** These bounds keep the sum of a time and any window, lateness or retention within range. */
    private static Instant requireTime(Field<?> field, Instant time) {
      if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
        throw new IllegalArgumentException(
            "The "
                + field
                + " of a call is "
                + time
                + "; it must be from "
                + EARLIEST
                + " to "
                + LATEST);
      }
      return time;
    }

    /**
     * Sets the value of a field other than the event time. Blank text becomes the empty string, and
     * a time is truncated to the millisecond.
     *
     * @throws IllegalArgumentException if the field is the event time, or if the value is outside
     *     the range of the field
     */
    public <T> Builder with(Field<T> field, T value) {
      if (field == Fields.TIME) {
        throw new IllegalArgumentException("The event time cannot be set; pass it to Call.builder");
      }
      set.put(field, checked(field, Objects.requireNonNull(value, field.name())));
      return this;
    }

    private static Object checked(Field<?> field, Object value) {
      if (value instanceof String text) {
        return text.isBlank() ? "" : text;
      }
      if (value instanceof Instant time) {
        return requireTime(field, time);
      }
      if (value instanceof Double real && !Double.isFinite(real)) {
        throw new IllegalArgumentException(
            "The " + field + " of a call is " + value + "; it must be finite");
      }
      if (value instanceof BigDecimal number) {
        unscaled(field, number);
      }
      return value;
    }

    private static long unscaled(Field<?> field, BigDecimal number) {
      try {
        return number.setScale(field.scale()).unscaledValue().longValueExact();
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException(
            "The "
                + field
                + " of a call is "
                + number
                + "; it must have at most "
                + field.scale()
                + " digits after the point and be from "
                + BigDecimal.valueOf(Long.MIN_VALUE, field.scale())
                + " to "
                + BigDecimal.valueOf(Long.MAX_VALUE, field.scale()),
            e);
      }
    }

    /** Sets the disposition code. */
    public Builder disposition(String code) {
      return with(Fields.DISPOSITION, code);
    }

    /** Sets the address. */
    public Builder address(String address) {
      return with(Fields.ADDRESS, address);
    }

    /** Marks the event time as ambiguous. See {@link Call#ambiguousTime()}. */
    public Builder withAmbiguousTime() {
      ambiguousTime = true;
      return this;
    }

    /** Returns the call. The builder can be changed and used again. */
    public Call build() {
      FieldSlots slots = FieldSlots.of(fields(), open);
      String[] texts = slots.noTexts();
      long @Nullable [] values = slots.noValues();
      set.forEach((field, value) -> put(slots, texts, values, field, value));
      return new Call(epochMillis, ambiguousTime, slots, texts, values);
    }

    /** Returns the requested fields, and those that are set. */
    private Set<Field<?>> fields() {
      if (requested.containsAll(set.keySet())) {
        return requested;
      }
      Set<Field<?>> all = new HashSet<>(requested);
      all.addAll(set.keySet());
      return all;
    }

    private static void put(
        FieldSlots slots, String[] texts, long @Nullable [] values, Field<?> field, Object value) {
      if (value instanceof String text) {
        slots.setText(texts, field, text);
      } else if (values == null) {
        throw new AssertionError(field);
      } else if (value instanceof Position position) {
        slots.setPosition(
            values,
            field,
            Double.doubleToLongBits(position.latitude()),
            Double.doubleToLongBits(position.longitude()));
      } else {
        slots.setValue(values, field, bits(field, value));
      }
    }

    private static long bits(Field<?> field, Object value) {
      if (value instanceof Instant time) {
        return time.toEpochMilli();
      }
      if (value instanceof Double real) {
        return Double.doubleToLongBits(real);
      }
      if (value instanceof Boolean flag) {
        return flag ? 1 : 0;
      }
      return value instanceof BigDecimal number ? unscaled(field, number) : (Long) value;
    }
  }
}
