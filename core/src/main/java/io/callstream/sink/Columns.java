package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.CallstreamException;
import io.callstream.ErrorCode;
import io.callstream.pipeline.ResultRow;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Measure;
import io.callstream.statistic.Statistic;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a statistic's results with their types: what sinks write whose stores are typed.
 * Immutable and thread-safe.
 */
public final class Columns {
  private final Statistic statistic;
  private final List<Column> columns;

  /** What a column holds. */
  public enum Type {
    /** A moment, as an {@link Instant}. */
    TIME,
    /** A {@link String}. */
    TEXT,
    /** A {@link Long}; a duration is its whole milliseconds. */
    LONG,
    /** A {@link Double}. */
    DOUBLE
  }

  /** What a column is there for. */
  public enum Role {
    /** {@code window_start} or {@code window_end}. */
    WINDOW,
    /** One of the dimensions: with the start of the window they are the key of a row. */
    DIMENSION,
    /** The description of the dimension before it. */
    DESCRIPTION,
    /** One of the measures. */
    MEASURE
  }

  /**
   * A column.
   *
   * @param name as {@link Statistic#columns()} has it: lower-case letters, digits and underscores,
   *     a letter first, at most 72
   * @param type what it holds
   * @param role what it is there for
   */
  public record Column(String name, Type type, Role role) {}

  private Columns(Statistic statistic, List<Column> columns) {
    this.statistic = statistic;
    this.columns = List.copyOf(columns);
  }

  /** Returns the columns of a statistic. */
  public static Columns of(Statistic statistic) {
    List<Column> columns = new ArrayList<>();
    if (statistic.window().isPresent()) {
      columns.add(new Column("window_start", Type.TIME, Role.WINDOW));
      columns.add(new Column("window_end", Type.TIME, Role.WINDOW));
    }
    for (Dimension dimension : statistic.dimensions()) {
      Type type =
          switch (dimension.kind()) {
            case TEXT -> Type.TEXT;
            case NUMBER -> Type.LONG;
          };
      columns.add(new Column(dimension.name(), type, Role.DIMENSION));
      if (dimension.lookup().isPresent()) {
        columns.add(new Column(dimension.name() + "_description", Type.TEXT, Role.DESCRIPTION));
      }
    }
    for (Measure measure : statistic.measures()) {
      Type type =
          switch (measure.valueType()) {
            case LONG, DURATION -> Type.LONG;
            case DOUBLE -> Type.DOUBLE;
          };
      columns.add(new Column(measure.name(), type, Role.MEASURE));
    }
    return new Columns(statistic, columns);
  }

  /** Returns the statistic. */
  public Statistic statistic() {
    return statistic;
  }

  /** Returns the columns in the order of {@link Statistic#columns()}. */
  public List<Column> list() {
    return columns;
  }

  /**
   * Returns the values of a row, one for each column: null where a measure tells nothing, and in
   * the numbers of the group {@value Statistic#OTHER}, which stands for many.
   *
   * @throws CallstreamException with {@link ErrorCode#STATISTIC_FAILED} if a measure gives a value
   *     that is not of the type it announces
   */
  public List<@Nullable Object> values(ResultRow row) {
    return row.columns();
  }

  /**
   * Returns a key of a row's dimensions that is short whatever they hold: 64 hexadecimal digits,
   * the SHA-256 of the lengths and UTF-8 bytes of their texts. Equal dimensions have equal keys,
   * others have others.
   */
  public String key(ResultRow row) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String dimension : row.dimensions()) {
        byte[] text = dimension.getBytes(UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(text.length).array());
        digest.update(text);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return statistic.name() + columns;
  }
}
