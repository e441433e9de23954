package io.callstream.call;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/*
 * A call keeps its texts in one array. It keeps all other values in an array of longs, whose first elements have one
 * bit for each further element: whether the call has that value.
 */
/** The slots of the values of a call, by field. Immutable and thread-safe. */
final class FieldSlots {
  private static final int NONE = -1;
  private static volatile FieldSlots latestOpen = new FieldSlots(Set.of(), true);
  private static volatile FieldSlots latestClosed = new FieldSlots(Set.of(), false);

  /** With lookups, calls are parsed with some fields, and copied with others. */
  private static volatile FieldSlots previousClosed = latestClosed;

  private final Set<Field<?>> fields;
  private final boolean open;

  /** The slot of each field by its index, or {@link #NONE}. */
  private final int[] slots;

  private final int texts;
  private final int bitWords;
  private final int values;

  /**
   * Creates slots for fields.
   *
   * @param open whether a call also has all other fields, without values
   */
  FieldSlots(Set<Field<?>> fields, boolean open) {
    this.fields = fields.contains(Fields.TIME) ? without(fields, Fields.TIME) : Set.copyOf(fields);
    this.open = open;
    slots = new int[fields.stream().mapToInt(Field::index).max().orElse(NONE) + 1];
    Arrays.fill(slots, NONE);
    int text = 0;
    int value = 0;
    for (Field<?> field : this.fields) {
      if (field.type() == Field.Type.TEXT) {
        slots[field.index()] = text++;
      } else {
        slots[field.index()] = value;
        value += field.type() == Field.Type.POSITION ? 2 : 1;
      }
    }
    texts = text;
    values = value;
    bitWords = (value + Long.SIZE - 1) / Long.SIZE;
  }

  /** Returns slots, which are those of a recent invocation if the fields are the same. */
  static FieldSlots of(Set<Field<?>> fields, boolean open) {
    FieldSlots last = open ? latestOpen : latestClosed;
    if (last.fields.equals(fields)) {
      return last;
    }
    FieldSlots previous = previousClosed;
    if (!open && previous.fields.equals(fields)) {
      return previous;
    }
    FieldSlots slots = new FieldSlots(fields, open);
    if (open) {
      latestOpen = slots;
    } else {
      previousClosed = last;
      latestClosed = slots;
    }
    return slots;
  }

  private static Set<Field<?>> without(Set<Field<?>> fields, Field<?> one) {
    return fields.stream().filter(field -> field != one).collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Returns the fields. For an immutable set that was passed to the constructor, this is that set.
   */
  Set<Field<?>> fields() {
    return fields;
  }

  boolean isOpen() {
    return open;
  }

  /** Returns whether a call has a field other than the event time, even without a value. */
  boolean has(Field<?> field) {
    return open || slotOrNone(field) != NONE;
  }

  /** Returns whether a call can have a value of a field other than the event time. */
  boolean hasSlot(Field<?> field) {
    return slotOrNone(field) != NONE;
  }

  private int slotOrNone(Field<?> field) {
    int index = field.index();
    return index < slots.length ? slots[index] : NONE;
  }

  /**
   * Returns the slot of a field, or -1 if the field has no value.
   *
   * @throws UndeclaredFieldException if a call does not have the field
   */
  int slot(Field<?> field) {
    int slot = slotOrNone(field);
    if (slot == NONE && !open) {
      throw new UndeclaredFieldException(field);
    }
    return slot;
  }

  /** Returns the texts of a call without values. */
  String[] noTexts() {
    String[] none = new String[texts];
    Arrays.fill(none, "");
    return none;
  }

  /** Returns the other values of a call without values, or null if no field has such values. */
  long @Nullable [] noValues() {
    return values == 0 ? null : new long[bitWords + values];
  }

  String text(String[] of, Field<?> field) {
    int slot = slot(field);
    return slot == NONE ? "" : of[slot];
  }

  void setText(String[] of, Field<?> field, String text) {
    of[slot(field)] = text;
  }

  /** Returns where the value of a field is, or -1 if it is absent. */
  int place(long @Nullable [] of, Field<?> field) {
    int slot = slot(field);
    return slot == NONE || of == null || (of[slot / Long.SIZE] & 1L << slot) == 0
        ? NONE
        : bitWords + slot;
  }

  void setValue(long[] of, Field<?> field, long value) {
    int slot = slot(field);
    of[slot / Long.SIZE] |= 1L << slot;
    of[bitWords + slot] = value;
  }

  /** Copies the value of a field, if there is one, into the values of another call. */
  void copy(
      Field<?> field,
      String[] texts,
      long @Nullable [] values,
      FieldSlots to,
      String[] toTexts,
      long @Nullable [] toValues) {
    if (field.type() == Field.Type.TEXT) {
      to.setText(toTexts, field, text(texts, field));
      return;
    }
    int place = place(values, field);
    if (place < 0 || values == null || toValues == null) {
      return;
    }
    if (field.type() == Field.Type.POSITION) {
      to.setPosition(toValues, field, values[place], values[place + 1]);
    } else {
      to.setValue(toValues, field, values[place]);
    }
  }

  /** Sets a position, from the bits of its degrees. */
  void setPosition(long[] of, Field<?> field, long latitude, long longitude) {
    setValue(of, field, latitude);
    of[bitWords + slot(field) + 1] = longitude;
  }
}
