package io.callstream.sink;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.internal.sink.RowFormatter;
import io.callstream.pipeline.ResultRow;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row of a table, which a task can keep in a spool until it commits.
 *
 * @param values the values of the columns of the statistic
 * @param key the primary key without the window
 * @param isRemoved whether the row is deleted
 */
record JdbcRow(List<@Nullable Object> values, String key, boolean isRemoved) {
  private static final int NULL = 0;
  private static final int TEXT = 1;
  private static final int TIME = 2;
  private static final int LONG = 3;
  private static final int DOUBLE = 4;
  private static final int DECIMAL = 5;

  static JdbcRow of(ResultRow row) {
    return new JdbcRow(row.columns(), RowFormatter.key(row), row.isRemoved());
  }

  void writeTo(DataOutputStream out) throws IOException {
    out.writeUTF(key);
    out.writeBoolean(isRemoved);
    for (Object value : values) {
      if (value == null) {
        out.writeByte(NULL);
      } else if (value instanceof String text) {
        out.writeByte(TEXT);
        write(out, text.getBytes(UTF_8));
      } else if (value instanceof Instant time) {
        out.writeByte(TIME);
        out.writeLong(time.getEpochSecond());
        out.writeInt(time.getNano());
      } else if (value instanceof Long number) {
        out.writeByte(LONG);
        out.writeLong(number);
      } else if (value instanceof BigDecimal number) {
        out.writeByte(DECIMAL);
        out.writeInt(number.scale());
        write(out, number.unscaledValue().toByteArray());
      } else {
        out.writeByte(DOUBLE);
        out.writeDouble((Double) value);
      }
    }
  }

  private static void write(DataOutputStream out, byte[] bytes) throws IOException {
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  static JdbcRow read(DataInputStream in, int columns) throws IOException {
    String key = in.readUTF();
    boolean isRemoved = in.readBoolean();
    List<@Nullable Object> values = new ArrayList<>(columns);
    for (int i = 0; i < columns; i++) {
      int type = in.readByte();
      values.add(
          switch (type) {
            case NULL -> null;
            case TEXT -> new String(in.readNBytes(in.readInt()), UTF_8);
            case TIME -> Instant.ofEpochSecond(in.readLong(), in.readInt());
            case LONG -> in.readLong();
            case DOUBLE -> in.readDouble();
            case DECIMAL -> {
              int scale = in.readInt();
              yield new BigDecimal(new BigInteger(in.readNBytes(in.readInt())), scale);
            }
            default -> throw new IOException("a value of the unknown type " + type);
          });
    }
    return new JdbcRow(values, key, isRemoved);
  }
}
