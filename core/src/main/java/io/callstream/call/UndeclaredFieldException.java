package io.callstream.call;

/**
 * A field of a call was read that its parser was not asked for, since nobody had declared it: what
 * the record says there is not known.
 */
public final class UndeclaredFieldException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final CallField field;

  UndeclaredFieldException(CallField field) {
    super(field + " was not asked for when the call was parsed; declare it where it is read");
    this.field = field;
  }

  /** Returns the field. */
  public CallField field() {
    return field;
  }
}
