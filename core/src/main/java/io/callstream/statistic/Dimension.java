package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.io.Serializable;
import java.time.ZoneId;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An attribute by which a statistic groups calls. Immutable and thread-safe.
 *
 * <p>Results show the dimension in a column with its name. The name has 1 to 60 characters:
 * lower-case letters, digits and underscores. It starts with a letter. Another name causes an
 * {@link IllegalArgumentException}.
 */
public final class Dimension implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]{0,59}");

  /** The type of a dimension's values, which defines their order. */
  public enum Kind {
    /** Text, ordered by its UTF-8 bytes. */
    TEXT,
    /** Whole numbers, ordered by value. */
    NUMBER
  }

  /** Computes a text from a call. Must be serializable, thread-safe and deterministic. */
  @FunctionalInterface
  public interface CallText extends Serializable {
    /** Returns the text, or the empty string if the call has none. Must not return null. */
    String of(Call call);
  }

  /** Computes a whole number from a call. Must be serializable, thread-safe and deterministic. */
  @FunctionalInterface
  public interface CallNumber extends Serializable {
    /** Returns the number. */
    long of(Call call);
  }

  private final String name;
  private final Kind kind;
  private final Set<Field<?>> fields;
  private final ExtractorFactory extractors;
  private final @Nullable CodeTable codes;

  /** The zone of a number that depends on the local time. */
  private final @Nullable ZoneId zone;

  private Dimension(
      String name,
      Kind kind,
      Set<Field<?>> fields,
      ExtractorFactory extractors,
      @Nullable ZoneId zone,
      @Nullable CodeTable codes) {
    this.name = requireName(name);
    this.kind = kind;
    this.fields = fields;
    this.extractors = extractors;
    this.zone = zone;
    this.codes = codes;
  }

  static String requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          ("'%s' is not a valid column name; use lower-case letters, digits and underscores, at"
                  + " most 60 characters, starting with a letter")
              .formatted(name));
    }
    return name;
  }

  /** Returns a dimension that groups by a text field of the call. */
  public static Dimension of(String name, Field<String> field) {
    return of(name, Set.of(field), call -> call.text(field));
  }

  /**
   * Returns a dimension that groups by a text computed from the call. The function may read every
   * field, so all fields are parsed.
   */
  public static Dimension of(String name, CallText text) {
    return of(name, Fields.ALL, text);
  }

  /**
   * Returns a dimension that groups by a text computed from some fields of the call.
   *
   * @param fields the fields that {@code text} reads, except for the event time; it must not read
   *     fields that nothing in the pipeline declares
   */
  public static Dimension of(String name, Set<Field<?>> fields, CallText text) {
    return new Dimension(name, Kind.TEXT, Set.copyOf(fields), () -> text::of, null, null);
  }

  /**
   * Returns a dimension that groups by a whole number computed from some fields of the call.
   *
   * @param fields the fields that {@code number} reads, except for the event time; it must not read
   *     fields that nothing in the pipeline declares
   */
  public static Dimension ofNumber(String name, Set<Field<?>> fields, CallNumber number) {
    return new Dimension(
        name,
        Kind.NUMBER,
        Set.copyOf(fields),
        () -> call -> Long.toString(number.of(call)),
        null,
        null);
  }

  /**
   * Returns a dimension that groups by a field of whole numbers. The group of calls without a
   * number has the empty text as its value, is null in typed columns, and comes first.
   */
  public static Dimension ofNumber(String name, Field<Long> field) {
    return new Dimension(
        name,
        Kind.NUMBER,
        Set.of(field),
        () -> call -> call.isPresent(field) ? Long.toString(call.longValue(field)) : "",
        null,
        null);
  }

  /** Returns a number that depends only on the event time. Each task has a separate extractor. */
  static Dimension ofTime(String name, ZoneId zone, ExtractorFactory extractors) {
    return new Dimension(name, Kind.NUMBER, Set.of(), extractors, zone, null);
  }

  /**
   * Returns a copy of this dimension with an additional column {@code <name>_description}, whose
   * values are the descriptions of the codes.
   */
  public Dimension describedBy(CodeTable codes) {
    return new Dimension(name, kind, fields, extractors, zone, codes);
  }

  /** Returns the name of the dimension's column. */
  public String name() {
    return name;
  }

  /** Returns the type of the values. */
  public Kind kind() {
    return kind;
  }

  /**
   * Returns whether the values are days of the week, from 1 (Monday) to 7 (Sunday). True only for
   * dimensions of {@link Dimensions#dayOfWeek}, also with descriptions.
   */
  public boolean isDayOfWeek() {
    return zone != null && name.equals(Dimensions.DAY_OF_WEEK);
  }

  /** Returns the fields of a call that this dimension reads, except for the event time. */
  public Set<Field<?>> fields() {
    return fields;
  }

  /** Returns the codes that describe the values, or empty if there are none. */
  public Optional<CodeTable> codes() {
    return Optional.ofNullable(codes);
  }

  /**
   * Returns a new function that computes the value of this dimension for a call. Not thread-safe.
   */
  public Function<Call, String> extractor() {
    return extractors.newExtractor();
  }

  @Override
  public String toString() {
    return name;
  }

  /** Describes this dimension, except for its code, for the fingerprint of a pipeline. */
  String description() {
    return name
        + (kind == Kind.NUMBER ? " number" : "")
        + " of "
        + new TreeSet<>(fields)
        + (zone == null ? "" : " in " + zone);
  }

  /** Creates extractors, each of which may have state. */
  @FunctionalInterface
  interface ExtractorFactory extends Serializable {
    Function<Call, String> newExtractor();
  }
}
