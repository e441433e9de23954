package io.callstream.definition;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.call.CallFormat;
import io.callstream.call.Field;
import io.callstream.call.JsonFormat;
import io.callstream.lookup.LookupSource;
import io.callstream.lookup.LookupTable;
import io.callstream.statistic.Statistic;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A file of Java properties in UTF-8 that describes the format of records, or what to count of
 * them, or both:
 *
 * <pre>{@code
 * name = orders
 * zone = Europe/Berlin
 * id = nr
 * time = at
 * time.patterns = epoch-seconds
 * text.product = item.name
 * number.quantity = qty
 *
 * statistic.orders-by-product.by = product
 * statistic.orders-by-product.window = 1h
 * }</pre>
 *
 * <p>These keys describe the format, which a {@link JsonFormat} is. A value that is a list has
 * commas between its parts; a part with a comma is in double quotes.
 *
 * <ul>
 *   <li>{@code name}: the name of the format; required
 *   <li>{@code zone}: the time zone of times without an offset, and of the results; required
 *   <li>{@code time}: the paths of the event time; required. The first one with a value is used, as
 *       for all fields
 *   <li>{@code time.patterns}: the forms of all times ({@link JsonFormat.Builder#time(String,
 *       String...)}), unless {@code time.FIELD.patterns} gives those of one field
 *   <li>{@code id}, {@code type}: the paths of the id and the type
 *   <li>{@code text.FIELD}, {@code number.FIELD}, {@code real.FIELD}, {@code flag.FIELD}, {@code
 *       time.FIELD}: the paths of a field of this {@linkplain Field.Type type}
 *   <li>{@code decimal.FIELD}: the paths of a decimal number, and {@code decimal.FIELD.scale} its
 *       digits after the point, by default 2
 *   <li>{@code position.FIELD}: the paths of the latitude and the longitude, or of a text such as
 *       {@code POINT (-122.4 37.8)}
 *   <li>{@code absent}: {@linkplain JsonFormat.Builder#absent texts} that are no value
 * </ul>
 *
 * <p>These keys describe a {@link Statistic}. Only one of them is required.
 *
 * <ul>
 *   <li>{@code statistic.NAME.by}: the dimensions: fields, {@code hour_of_day} and {@code
 *       day_of_week}. Numbers and flags are grouped by their text
 *   <li>{@code statistic.NAME.window}: a length such as {@code 15m}, overlapping windows such as
 *       {@code 1h every 15m}, {@code hourly}, {@code daily}, {@code weekly} or {@code monthly} in
 *       the zone of the format, or a gap such as {@code session 30m}
 *   <li>{@code statistic.NAME.lateness}: the allowed lateness, such as {@code 2h}
 *   <li>{@code statistic.NAME.measures}: {@code count}, {@code share}, {@code distinct(FIELD)},
 *       {@code top(10, FIELD)}, and {@code sum}, {@code minimum}, {@code maximum}, {@code mean},
 *       {@code median(NUMBER)} and {@code quantile(0.9, NUMBER)} of a number. All of these but
 *       {@code sum} also take the time from one time field to another, such as {@code median(START,
 *       END)}. A name for the column may follow: {@code median(received, on_scene) as response}.
 *       Defaults to {@code count}
 *   <li>{@code statistic.NAME.where.FIELD}: counts only calls with one of these values; {@code
 *       statistic.NAME.where-not.FIELD} only calls with none of them
 *   <li>{@code statistic.NAME.emit}: {@code update} or {@code close} ({@link
 *       io.callstream.statistic.Emission})
 *   <li>{@code statistic.NAME.max-groups}: see {@link Statistic#maxGroups()}
 * </ul>
 *
 * <p>These keys describe a {@link LookupTable}. The statistics of the file may use its fields.
 *
 * <ul>
 *   <li>{@code lookup.NAME.file}: the path of a CSV file, relative to the directory of this file;
 *       or {@code lookup.NAME.topic}: a compacted topic
 *   <li>{@code lookup.NAME.key}: the field of a call that has the key of its row; required
 *   <li>{@code lookup.NAME.key-column}: the column that has the keys in the file, by default the
 *       one with the name of the field
 *   <li>{@code lookup.NAME.text.FIELD}, {@code number.FIELD}, {@code decimal.FIELD} (with {@code
 *       .scale}), {@code real.FIELD}, {@code flag.FIELD}: the column of a field of this type. Each
 *       row has a value of the first one
 * </ul>
 *
 * <p>Immutable and thread-safe.
 */
public final class DefinitionFile {
  private final Entries entries;
  private final Optional<JsonFormat> format;

  private DefinitionFile(Entries entries) {
    this.entries = entries;
    boolean hasFormat =
        !entries.keys().stream()
            .allMatch(key -> StatisticDefinitions.isKey(key) || LookupDefinitions.isKey(key));
    format = hasFormat ? Optional.of(FormatDefinition.format(entries)) : Optional.empty();
  }

  /**
   * Reads a file of at most 1 MiB.
   *
   * @throws CallstreamException with {@link ErrorCode#INPUT_FAILED} if the file cannot be read
   * @throws IllegalArgumentException if the file is not text in UTF-8, or if the format is not
   *     valid. The message names the file, the key, the value and the fix
   */
  public static DefinitionFile read(Path file) {
    return new DefinitionFile(Entries.read(file));
  }

  /** Returns the format, or empty if the file has only keys of statistics. */
  public Optional<JsonFormat> format() {
    return format;
  }

  /**
   * Returns the statistics, in their order in the file.
   *
   * @param of the format of the records, whose fields the statistics may use
   * @param lateness the allowed lateness of windows for which the file gives none
   * @throws IllegalArgumentException if a statistic is not valid, or uses a field that the format
   *     does not have. The message names the file, the key, the value and the fix
   * @throws CallstreamException with {@link ErrorCode#ENVIRONMENT} if a measure needs a library
   *     that is not on the class path
   */
  public List<Statistic> statistics(CallFormat of, Duration lateness) {
    return new StatisticDefinitions(entries, of, lateness).all();
  }

  /**
   * Returns the lookups, in their order in the file.
   *
   * @param of the format of the records, which has the keys
   * @param topics returns the source of the table in the topic with a name
   * @throws IllegalArgumentException if a lookup is not valid. The message names the file, the key,
   *     the value and the fix
   */
  public List<LookupTable> lookups(CallFormat of, Function<String, LookupSource> topics) {
    return new LookupDefinitions(entries).all(of, topics);
  }

  /** Returns the path of the file. */
  @Override
  public String toString() {
    return entries.file();
  }
}
