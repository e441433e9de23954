package io.callstream.call;

/**
 * Thrown when code reads a field of a call that the parser was not requested to build. The value of
 * this field in the record is unknown. Declare the field in the statistic that reads it.
 */
public final class UndeclaredFieldException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final Field<?> field;

  UndeclaredFieldException(Field<?> field) {
    super(
        "The field "
            + field
            + " was not requested when the call was parsed. Add it to the fields that the filter,"
            + " dimension or measure declares.");
    this.field = field;
  }

  /** Returns the field. */
  public Field<?> field() {
    return field;
  }
}
