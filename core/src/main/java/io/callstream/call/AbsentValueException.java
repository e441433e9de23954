package io.callstream.call;

import java.util.NoSuchElementException;

/**
 * Thrown when code reads the number, flag or time of a field that a call does not have. Ask {@link
 * Call#isPresent} first.
 */
public final class AbsentValueException extends NoSuchElementException {
  private static final long serialVersionUID = 1L;

  private final Field<?> field;

  AbsentValueException(Field<?> field) {
    super("The call has no " + field);
    this.field = field;
  }

  /** Returns the field. */
  public Field<?> field() {
    return field;
  }
}
