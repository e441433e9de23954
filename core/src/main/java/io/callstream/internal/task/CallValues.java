package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Position;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Set;

/** The byte format of the values of a call. Equal values have equal bytes. */
final class CallValues {
  private CallValues() {}

  static void write(Call call, List<Field<?>> fields, DataOutputStream out) throws IOException {
    for (Field<?> field : fields) {
      out.writeBoolean(call.isPresent(field));
      if (call.isPresent(field)) {
        write(call, field, out);
      }
    }
  }

  /** Sets the values of fields that are requested, and skips the others. */
  static void read(
      List<Field<?>> fields, DataInputStream in, Set<Field<?>> requested, Call.Builder call)
      throws IOException {
    for (Field<?> field : fields) {
      if (in.readBoolean()) {
        Object value = read(field, in);
        if (requested.contains(field)) {
          set(call, field, value);
        }
      }
    }
  }

  static void writeField(Field<?> field, DataOutputStream out) throws IOException {
    out.writeUTF(field.name());
    out.writeUTF(field.type().name());
    out.writeInt(field.scale());
  }

  static Field<?> readField(DataInputStream in) throws IOException {
    String name = in.readUTF();
    Field.Type type = Field.Type.valueOf(in.readUTF());
    int scale = in.readInt();
    return switch (type) {
      case TEXT -> Field.text(name);
      case NUMBER -> Field.number(name);
      case DECIMAL -> Field.decimal(name, scale);
      case REAL -> Field.real(name);
      case FLAG -> Field.flag(name);
      case TIME -> Field.time(name);
      case POSITION -> Field.position(name);
    };
  }

  private static void write(Call call, Field<?> field, DataOutputStream out) throws IOException {
    Object value = call.get(field);
    if (value instanceof String text) {
      writeText(text, out);
    } else if (value instanceof Double real) {
      out.writeDouble(real);
    } else if (value instanceof Position position) {
      out.writeDouble(position.latitude());
      out.writeDouble(position.longitude());
    } else {
      out.writeLong(call.longValue(field));
    }
  }

  private static Object read(Field<?> field, DataInputStream in) throws IOException {
    return switch (field.type()) {
      case TEXT -> readText(in);
      case NUMBER -> in.readLong();
      case DECIMAL -> BigDecimal.valueOf(in.readLong(), field.scale());
      case REAL -> in.readDouble();
      case FLAG -> in.readLong() != 0;
      case TIME -> Instant.ofEpochMilli(in.readLong());
      case POSITION -> new Position(in.readDouble(), in.readDouble());
    };
  }

  private static <T> void set(Call.Builder call, Field<T> field, Object value) {
    call.with(field, field.cast(value));
  }

  /** Writes a text of any length. DataOutputStream.writeUTF is limited to 64 KiB. */
  private static void writeText(String text, DataOutputStream out) throws IOException {
    byte[] utf8 = text.getBytes(UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  private static String readText(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), UTF_8);
  }
}
