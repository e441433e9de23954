package io.callstream.internal.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

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

/**
 * The columns of the results of a statistic with their types, for sinks with typed stores.
 *
 * @param list the columns in the order of {@link Statistic#columns()}
 */
public record Columns(Statistic statistic, List<Column> list) {
  /** The type of a column. */
  public enum Type {
    /** A moment, as an {@link Instant}. */
    TIME,
    /** A {@link String}. */
    TEXT,
    /** A {@link Long}. Durations are in whole milliseconds. */
    LONG,
    /** A {@link Double}. */
    DOUBLE,
    /** A {@link java.math.BigDecimal} with the scale of the column and at most 38 digits. */
    DECIMAL
  }

  /** The role of a column. */
  public enum Role {
    /** {@code window_start} or {@code window_end}. */
    WINDOW,
    /** One of the dimensions, which form the key of a row with the start of the window. */
    DIMENSION,
    /** The description of the previous dimension. */
    DESCRIPTION,
    /** One of the measures. */
    MEASURE
  }

  /**
   * A column.
   *
   * @param name a name from {@link Statistic#columns()}: lower-case letters, digits and
   *     underscores, starting with a letter, at most 72 characters
   * @param scale the digits after the point of a decimal number, otherwise 0
   */
  public record Column(String name, Type type, int scale, Role role) {
    private Column(String name, Type type, Role role) {
      this(name, type, 0, role);
    }
  }

  public Columns {
    list = List.copyOf(list);
  }

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
      if (dimension.codes().isPresent()) {
        columns.add(new Column(dimension.name() + "_description", Type.TEXT, Role.DESCRIPTION));
      }
    }
    for (Measure measure : statistic.measures()) {
      Type type =
          switch (measure.valueType()) {
            case LONG, DURATION -> Type.LONG;
            case DOUBLE -> Type.DOUBLE;
            case DECIMAL -> Type.DECIMAL;
            case TEXT -> Type.TEXT;
          };
      int scale = type == Type.DECIMAL ? measure.scale() : 0;
      columns.add(new Column(measure.name(), type, scale, Role.MEASURE));
    }
    return new Columns(statistic, columns);
  }

  /**
   * Returns a key of fixed length for the dimensions of a row: 64 hexadecimal digits, the SHA-256
   * of the lengths and UTF-8 bytes of their texts. Rows have equal keys if and only if their
   * dimensions are equal.
   */
  public static String key(ResultRow row) {
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
}
