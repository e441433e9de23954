package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import java.io.Serializable;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One of the things by which a statistic groups calls. Immutable and thread-safe.
 *
 * <p>Its name is the column in which results show it: lower-case letters, digits and underscores,
 * at most 60, a letter first.
 */
public final class Dimension implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,59}");

  /** How values of a dimension compare. */
  public enum Kind {
    /** By their UTF-8 bytes. */
    TEXT,
    /** As whole numbers. */
    NUMBER
  }

  private final String name;
  private final Kind kind;
  private final Set<CallField> fields;
  private final ExtractorFactory extractors;
  private final @Nullable Lookup lookup;

  private Dimension(
      String name,
      Kind kind,
      Set<CallField> fields,
      ExtractorFactory extractors,
      @Nullable Lookup lookup) {
    this.name = requireName(name);
    this.kind = kind;
    this.fields = fields;
    this.extractors = extractors;
    this.lookup = lookup;
  }

  static String requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "'"
              + name
              + "' can't be a column; use lower-case letters, digits and underscores, at most 60,"
              + " a letter first");
    }
    return name;
  }

  /** Returns a dimension that is a text field of the call. */
  public static Dimension of(String name, CallField field) {
    return of(name, Set.of(field), call -> call.text(field));
  }

  /**
   * Returns a dimension that is computed from the call. Every field of the call is parsed for it.
   */
  public static Dimension of(String name, CallText text) {
    return of(name, EnumSet.allOf(CallField.class), text);
  }

  /**
   * Returns a dimension that is computed from some fields of the call.
   *
   * @param fields what {@code text} reads besides the event time; to read a field that nothing in
   *     the pipeline declares is an error
   */
  public static Dimension of(String name, Set<CallField> fields, CallText text) {
    return new Dimension(name, Kind.TEXT, Set.copyOf(fields), () -> text::of, null);
  }

  /**
   * Returns a dimension that is a whole number.
   *
   * @param fields what {@code number} reads besides the event time; to read a field that nothing in
   *     the pipeline declares is an error
   */
  public static Dimension ofNumber(String name, Set<CallField> fields, CallNumber number) {
    return new Dimension(
        name, Kind.NUMBER, Set.copyOf(fields), () -> call -> Long.toString(number.of(call)), null);
  }

  /** Returns a number that depends on the event time only; each task has an extractor to itself. */
  static Dimension ofTime(String name, ExtractorFactory extractors) {
    return new Dimension(name, Kind.NUMBER, Set.of(), extractors, null);
  }

  /** Returns this dimension with a column {@code <name>_description} from a lookup beside it. */
  public Dimension describedBy(Lookup lookup) {
    return new Dimension(name, kind, fields, extractors, lookup);
  }

  /** Returns the column of this dimension. */
  public String name() {
    return name;
  }

  /** Returns how values compare. */
  public Kind kind() {
    return kind;
  }

  /** Returns the fields of a call that this dimension reads besides the event time. */
  public Set<CallField> fields() {
    return fields;
  }

  /** Returns the lookup that describes values, if there is one. */
  public Optional<Lookup> lookup() {
    return Optional.ofNullable(lookup);
  }

  /** Returns a function that reads this dimension off calls; not to be shared between threads. */
  public Function<Call, String> extractor() {
    return extractors.newExtractor();
  }

  @Override
  public String toString() {
    return name;
  }

  /** Makes extractors, which may keep state of their own. */
  @FunctionalInterface
  interface ExtractorFactory extends Serializable {
    Function<Call, String> newExtractor();
  }
}
