package io.callstream.call;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.callstream.call.JsonValue.Part;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A format whose records are JSON objects. A builder states which values of a record are the fields
 * of a call:
 *
 * <pre>{@code
 * static final Field<String> BEAT = Field.text("beat");
 *
 * static final JsonFormat NEW_ORLEANS =
 *     JsonFormat.builder("new-orleans")
 *         .zone(ZoneId.of("America/Chicago"))
 *         .id("nopd_item")
 *         .type("typetext")
 *         .time("timecreate")
 *         .text(BEAT, "beat")
 *         .time(Fields.CLOSED, "timeclosed")
 *         .build();
 * }</pre>
 *
 * <p>A value is named by its path: a name, or names and indices such as {@code
 * place.coordinates[0]}. A field can have several paths; the first one with a value is used.
 *
 * <p>A value may be text, a number or a boolean of JSON. Text is kept unchanged, and a number or a
 * boolean becomes its JSON text. Conversely, text such as {@code "12.50"}, which is what a column
 * of a CSV file has, can be the value of a number, a flag or a position. A missing value, null,
 * blank text and {@linkplain Builder#absent the texts that mean no value} are no value. A record is
 * rejected if a value is an object or an array, or is not of the type of its field:
 *
 * <ul>
 *   <li>A number consists of digits, with an optional sign, fraction and exponent. It must be
 *       within the range of the field, without rounding. A real number must not be so small that it
 *       becomes 0.
 *   <li>A flag is {@code true}, {@code yes}, {@code y}, {@code t} or {@code 1}, or {@code false},
 *       {@code no}, {@code n}, {@code f} or {@code 0}, in upper or lower case.
 *   <li>A time consists of {@code yyyy-MM-dd}, {@code T} or a space, {@code HH:mm[:ss[.fraction]]}
 *       and an optional offset ({@code Z}, {@code +HH}, {@code +HHmm} or {@code +HH:mm}), unless
 *       the builder gives other patterns. The fraction has one to nine digits; digits after the
 *       third are ignored. A time without an offset is read in the time zone of the format. In an
 *       hour that occurs twice, this is the earlier of the two times. A time that the clocks skip
 *       is moved forward by the length of the gap.
 *   <li>A position is two numbers of degrees, a text {@code POINT (longitude latitude)}, or a point
 *       of GeoJSON.
 * </ul>
 *
 * <p>Other values may hold any JSON. If a path occurs twice, its last value is used. A record is
 * encoded in UTF-8. Its maximum size is {@value #MAX_BYTES} bytes, and its maximum nesting depth is
 * {@value #MAX_DEPTH}. An escape for an unpaired surrogate becomes {@code ?}.
 *
 * <p>Immutable and thread-safe.
 */
public final class JsonFormat implements CallFormat {
  /** The maximum size of a record in bytes: 1 MiB. */
  public static final int MAX_BYTES = JsonObjectReader.MAX_BYTES;

  /** The maximum number of nested objects and arrays, including the record itself. */
  public static final int MAX_DEPTH = JsonObjectReader.MAX_DEPTH;

  private static final long serialVersionUID = 1L;
  private static final JsonFactory JSON = new JsonFactory();

  private final String name;
  private final ZoneId zone;
  private final List<JsonValue> values;
  private final Set<String> absent;
  private final boolean writesEmptyTexts;

  private JsonFormat(Builder builder) {
    name = builder.name;
    zone = Objects.requireNonNull(builder.zone, "zone");
    values = builder.values.stream().map(builder::withRequirement).toList();
    absent = Set.copyOf(builder.absent);
    writesEmptyTexts = builder.writesEmptyTexts;
  }

  /**
   * Returns a builder for a format.
   *
   * @param name the name of the format, which is part of the pipeline's fingerprint; not blank
   * @throws IllegalArgumentException if the name is blank
   */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public ZoneId zone() {
    return zone;
  }

  @Override
  public Set<Field<?>> fields() {
    Set<Field<?>> fields = new LinkedHashSet<>();
    values.forEach(value -> fields.add(value.field()));
    fields.remove(Fields.TIME);
    return Collections.unmodifiableSet(fields);
  }

  @Override
  public Optional<String> idField() {
    return values.stream()
        .filter(value -> value.field() == Fields.ID)
        .map(JsonValue::path)
        .findFirst();
  }

  /**
   * Returns the steps of a path to a value, such as {@code address.city} or {@code point[0]}: a
   * {@link String} for the member of an object, and an {@link Integer} for the element of an array.
   */
  public static List<Object> steps(String path) {
    return JsonPaths.steps(path);
  }

  @Override
  public Set<String> fieldNames() {
    return values.stream()
        .map(JsonValue::path)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  @Override
  public String timeField() {
    return values.stream()
        .filter(value -> value.field() == Fields.TIME)
        .map(JsonValue::path)
        .findFirst()
        .orElseThrow();
  }

  @Override
  public CallParser parser(Set<Field<?>> fields) {
    if (!fields.containsAll(Fields.ALL)) {
      return new JsonCallParser(values, zone, absent, fields);
    }
    Set<Field<?>> all = new HashSet<>(fields);
    all.removeAll(Fields.ALL);
    all.addAll(fields());
    return new JsonCallParser(values, zone, absent, Set.copyOf(all));
  }

  /**
   * Returns a call as a record. Each value is at the first path of its field, unless another field
   * has been written there, or has given the field its value. A time has the first of its patterns,
   * and thus at most its precision.
   */
  @Override
  public byte[] write(Call call) {
    Map<Field<?>, List<JsonValue>> fields = new LinkedHashMap<>();
    values.forEach(v -> fields.computeIfAbsent(v.field(), f -> new ArrayList<>()).add(v));
    Map<String, Object> written = new HashMap<>();
    for (List<JsonValue> own : fields.values()) {
      if (!hasAlternatives(own)) {
        own.forEach(value -> putIfAbsent(written, value, call));
      }
    }
    for (List<JsonValue> own : fields.values()) {
      JsonValue first = own.get(0);
      Optional<Object> read =
          own.stream().map(value -> written.get(value.path())).filter(Objects::nonNull).findFirst();
      if (hasAlternatives(own) && !read.equals(Optional.ofNullable(written(call, first)))) {
        putIfAbsent(written, first, call);
      }
    }
    Map<Object, Object> tree = new LinkedHashMap<>();
    for (JsonValue value : values) {
      Object here = written.remove(value.path());
      if (here != null) {
        put(tree, JsonPaths.steps(value.path()), here);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      write(json, tree);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** Returns whether the first of several values is the field, rather than a part of it. */
  private static boolean hasAlternatives(List<JsonValue> own) {
    return own.size() > 1 && own.get(0).part() == Part.WHOLE;
  }

  private void putIfAbsent(Map<String, Object> written, JsonValue value, Call call) {
    Object it = written(call, value);
    if (it != null) {
      written.putIfAbsent(value.path(), it);
    }
  }

  private @Nullable Object written(Call call, JsonValue value) {
    Object it = call.get(value.field());
    if (it instanceof Instant time) {
      boolean ambiguous = value.field() == Fields.TIME && call.ambiguousTime();
      return TimePattern.of(value.patterns()).get(0).write(time, zone, ambiguous);
    }
    if (it instanceof Position position) {
      return switch (value.part()) {
        case LATITUDE -> position.latitude();
        case LONGITUDE -> position.longitude();
        case WHOLE -> "POINT (" + position.longitude() + " " + position.latitude() + ")";
      };
    }
    boolean isEmpty = it == null || it.equals("");
    return !isEmpty ? it : writesEmptyTexts ? "" : null;
  }

  @SuppressWarnings("unchecked") // All values but the last of a path are such maps.
  private static void put(Map<Object, Object> tree, List<Object> steps, Object value) {
    Map<Object, Object> node = tree;
    for (Object step : steps.subList(0, steps.size() - 1)) {
      node = (Map<Object, Object>) node.computeIfAbsent(step, s -> new LinkedHashMap<>());
    }
    node.put(steps.get(steps.size() - 1), value);
  }

  private static void write(JsonGenerator json, Object node) throws IOException {
    if (!(node instanceof Map<?, ?> children)) {
      json.writeObject(node);
    } else if (children.keySet().iterator().next() instanceof Integer) {
      json.writeStartArray();
      int size = children.keySet().stream().mapToInt(key -> (Integer) key).max().orElse(-1) + 1;
      for (int i = 0; i < size; i++) {
        Object child = children.get(i);
        if (child == null) {
          json.writeNull();
        } else {
          write(json, child);
        }
      }
      json.writeEndArray();
    } else {
      json.writeStartObject();
      for (Map.Entry<?, ?> child : children.entrySet()) {
        json.writeFieldName((String) child.getKey());
        write(json, child.getValue());
      }
      json.writeEndObject();
    }
  }

  /**
   * {@inheritDoc} Contains the paths, types and patterns of all values, and the texts that are no
   * value.
   */
  @Override
  public String definition() {
    return this + String.join("", definitions().values()) + absentDefinition();
  }

  /** Returns the definitions of the fields. */
  private Map<Field<?>, String> definitions() {
    Map<Field<?>, String> definitions = new TreeMap<>();
    // The order of the paths of one field decides which one is used.
    values.forEach(value -> definitions.merge(value.field(), value.toString(), String::concat));
    return definitions;
  }

  private String absentDefinition() {
    return absent.isEmpty()
        ? ""
        : ", absent " + new TreeSet<>(absent).stream().map(JsonFormat::quoted).toList();
  }

  /** {@inheritDoc} The additional fields must not be required. */
  @Override
  public boolean addsFieldsTo(String earlier) {
    Set<Field<?>> required = new HashSet<>();
    values.stream().filter(JsonValue::required).forEach(value -> required.add(value.field()));
    StringBuilder subset = new StringBuilder(toString());
    for (Map.Entry<Field<?>, String> field : definitions().entrySet()) {
      if (earlier.startsWith(subset + field.getValue())) {
        subset.append(field.getValue());
      } else if (required.contains(field.getKey())) {
        return false;
      }
    }
    return earlier.equals(subset + absentDefinition());
  }

  /** Returns a text in quotes, so that a text with a comma differs from two texts. */
  private static String quoted(String text) {
    return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }

  @Override
  public String toString() {
    return name + " in " + zone;
  }

  /** Builds a {@link JsonFormat}. Not thread-safe. */
  public static final class Builder {
    private final String name;
    private final List<JsonValue> values = new ArrayList<>();
    private final Set<String> absent = new HashSet<>();
    private final Set<Field<?>> required = new HashSet<>();
    private @Nullable ZoneId zone;
    private boolean writesEmptyTexts;

    private Builder(String name) {
      if (name.isBlank()) {
        throw new IllegalArgumentException("The name of a format is blank; choose one");
      }
      this.name = name;
    }

    /** Sets the time zone of times without an offset, and of the display. Required. */
    public Builder zone(ZoneId zone) {
      this.zone = Objects.requireNonNull(zone, "zone");
      return this;
    }

    /**
     * Declares the id of calls, which each record must have.
     *
     * @throws IllegalArgumentException if a path is not valid, or the id is already declared
     */
    public Builder id(String... paths) {
      return add(Fields.ID, Part.WHOLE, true, List.of(), paths);
    }

    /**
     * Declares the type of calls, which each record must have.
     *
     * @throws IllegalArgumentException if a path is not valid, or the type is already declared
     */
    public Builder type(String... paths) {
      return add(Fields.TYPE, Part.WHOLE, true, List.of(), paths);
    }

    /**
     * Declares the event time, which each record must have.
     *
     * @param patterns the forms of the time: {@code iso}, {@code epoch-seconds}, {@code
     *     epoch-millis}, {@code M/d/yyyy h:mm[:ss] a}, or another pattern of {@link
     *     java.time.format.DateTimeFormatter} in English. Defaults to {@code iso}
     * @throws IllegalArgumentException if the path or a pattern is not valid, or the event time is
     *     already declared
     */
    public Builder time(String path, String... patterns) {
      return add(Fields.TIME, Part.WHOLE, true, List.of(patterns), path);
    }

    /**
     * Declares a time. The parameters and exceptions are those of {@link #time(String, String...)}.
     */
    public Builder time(Field<Instant> field, String path, String... patterns) {
      return time(field, List.of(path), List.of(patterns));
    }

    /**
     * Declares a time with several paths; the first path with a value is used. The patterns and
     * exceptions are those of {@link #time(String, String...)}.
     */
    public Builder time(Field<Instant> field, List<String> paths, List<String> patterns) {
      return add(
          field,
          Part.WHOLE,
          field == Fields.TIME,
          List.copyOf(patterns),
          paths.toArray(String[]::new));
    }

    /**
     * Declares a text.
     *
     * @param paths where the text is; the first path with a value is used
     * @throws IllegalArgumentException if a path is not valid, or the field is already declared
     */
    public Builder text(Field<String> field, String... paths) {
      boolean required = field == Fields.ID || field == Fields.TYPE;
      return add(field, Part.WHOLE, required, List.of(), paths);
    }

    /** Declares a number. The parameters and exceptions are those of {@link #text}. */
    public Builder number(Field<? extends Number> field, String... paths) {
      return add(field, Part.WHOLE, false, List.of(), paths);
    }

    /** Declares a flag. The parameters and exceptions are those of {@link #text}. */
    public Builder flag(Field<Boolean> field, String... paths) {
      return add(field, Part.WHOLE, false, List.of(), paths);
    }

    /**
     * Declares a position that is a text such as {@code POINT (-122.4 37.8)}: the longitude, then
     * the latitude. It may also be a point of GeoJSON, an object such as {@code
     * {"coordinates":[-122.4,37.8]}}, whose other members are ignored. An array is rejected.
     *
     * <p>Latitude 0 with longitude 0 means no position, as portals write it.
     *
     * @throws IllegalArgumentException if the path is not valid, or the field is already declared
     */
    public Builder position(Field<Position> field, String path) {
      add(field, Part.WHOLE, false, List.of(), path);
      values.add(new JsonValue(path + ".coordinates[1]", field, Part.LATITUDE, List.of(), false));
      values.add(new JsonValue(path + ".coordinates[0]", field, Part.LONGITUDE, List.of(), false));
      return this;
    }

    /**
     * Declares a position of two numbers. A record with only one of them is rejected. 0 and 0 mean
     * no position, as portals write it.
     *
     * @throws IllegalArgumentException if a path is not valid, or the field is already declared
     */
    public Builder position(Field<Position> field, String latitude, String longitude) {
      add(field, Part.LATITUDE, false, List.of(), latitude);
      return add(field, Part.LONGITUDE, false, List.of(), longitude);
    }

    /**
     * Declares texts that mean "no value", such as {@code REDACTED} or {@code NULL}, in every
     * field. A value must be equal to one of them, including case and white space. Defaults to
     * none.
     *
     * @throws IllegalArgumentException if a text is blank, because blank text is never a value
     */
    public Builder absent(String... texts) {
      for (String text : texts) {
        if (text.isBlank()) {
          throw new IllegalArgumentException(
              "A text that means no value in format '%s' is blank; omit it, because blank text is never a value"
                  .formatted(name));
        }
        absent.add(text);
      }
      return this;
    }

    /**
     * Requires a value of fields: a record without one is rejected. The event time, the id and the
     * type are required where they are declared; all other fields are optional by default.
     *
     * @param fields fields that this format declares
     */
    public Builder required(Field<?>... fields) {
      required.addAll(List.of(fields));
      return this;
    }

    private JsonValue withRequirement(JsonValue value) {
      return required.contains(value.field())
          ? new JsonValue(value.path(), value.field(), value.part(), value.patterns(), true)
          : value;
    }

    /** Lets {@link #write} write texts and times without a value as empty texts. */
    Builder writingEmptyTexts() {
      writesEmptyTexts = true;
      return this;
    }

    private Builder add(
        Field<?> field, Part part, boolean required, List<String> patterns, String... paths) {
      if (paths.length == 0) {
        throw new IllegalArgumentException(
            "The field %s of format '%s' has no path; give at least one".formatted(field, name));
      }
      for (JsonValue known : values) {
        boolean isOther = known.field() != field && known.field().name().equals(field.name());
        boolean isPartOfOne = known.part() == Part.LATITUDE && part == Part.LONGITUDE;
        if (isOther || (known.field() == field && !isPartOfOne)) {
          throw new IllegalArgumentException(
              "The field %s of format '%s' is declared twice; give all its paths at once"
                  .formatted(field, name));
        }
      }
      TimePattern.of(patterns);
      for (String path : paths) {
        if (!JsonPaths.isPath(path)) {
          throw new IllegalArgumentException(
              "The path '%s' of field %s in format '%s' is not valid; give a name, or names and indices from 0 to 99 such as a.b[0], at most 500 characters"
                  .formatted(path, field, name));
        }
        values.add(new JsonValue(path, field, part, patterns, required));
      }
      return this;
    }

    /**
     * Returns whether one path leads into a value, or an object of one is an array of the other.
     */
    private static boolean conflict(List<Object> outer, List<Object> inner) {
      int common = 0;
      int length = Math.min(outer.size(), inner.size());
      while (common < length && outer.get(common).equals(inner.get(common))) {
        common++;
      }
      return common == length
          ? outer.size() < inner.size()
          : outer.get(common).getClass() != inner.get(common).getClass();
    }

    /**
     * Returns the format.
     *
     * @throws IllegalArgumentException if the zone is missing, if the event time or a required
     *     field is not declared, or if one path leads into a value at another path
     */
    public JsonFormat build() {
      if (zone == null) {
        throw new IllegalArgumentException(
            "The format '%s' has no time zone; call zone(…), with ZoneOffset.UTC if its times are in UTC"
                .formatted(name));
      }
      if (values.stream().noneMatch(value -> value.field() == Fields.TIME)) {
        throw new IllegalArgumentException(
            "The format '%s' has no event time; declare it with time(…)".formatted(name));
      }
      for (Field<?> field : required) {
        if (values.stream().noneMatch(value -> value.field() == field)) {
          throw new IllegalArgumentException(
              "The format '%s' requires the field %s, which it does not declare; declare where it is"
                  .formatted(name, field));
        }
      }
      List<List<Object>> steps =
          values.stream().map(value -> JsonPaths.steps(value.path())).toList();
      for (int i = 0; i < values.size(); i++) {
        for (int j = 0; j < values.size(); j++) {
          JsonValue outer = values.get(i);
          JsonValue inner = values.get(j);
          boolean isPoint =
              outer.field() == inner.field()
                  && outer.part() == Part.WHOLE
                  && inner.part() != Part.WHOLE;
          if (!isPoint && conflict(steps.get(i), steps.get(j))) {
            throw new IllegalArgumentException(
                "In format '%s', the path '%s' leads into the value '%s', or one of them is in an array; remove one"
                    .formatted(name, inner.path(), outer.path()));
          }
        }
      }
      return new JsonFormat(this);
    }
  }
}
