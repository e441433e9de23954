package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import io.callstream.call.Field;
import io.callstream.call.Position;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Comparator;

/**
 * A call that counts unless it is a duplicate, on its way to the set of known ids.
 *
 * @param record the record of the call; its value may be missing if no statistic can find the call
 *     late
 * @param index the index of the call in its record, from 0
 */
public record PossibleDuplicate(Call call, CallRecord record, int index) {
  /**
   * The order that decides which of several calls is the first: by partition, offset, and index.
   */
  public static final Comparator<PossibleDuplicate> ORDER =
      Comparator.comparing(
              PossibleDuplicate::record, Comparator.comparingInt(CallRecord::partition))
          .thenComparing(PossibleDuplicate::record, Comparator.comparingLong(CallRecord::offset))
          .thenComparingInt(PossibleDuplicate::index);

  /**
   * Returns a call with only what is needed of its record.
   *
   * @param mayBeLate whether a statistic can find the call late, so that the value is needed
   */
  public static PossibleDuplicate of(Call call, CallRecord record, int index, boolean mayBeLate) {
    return new PossibleDuplicate(
        call,
        CallRecord.at(
            record.topic(),
            record.partition(),
            record.offset(),
            record.timestampMillis(),
            mayBeLate ? CallReader.valueOf(record) : null),
        index);
  }

  public void write(TaskPlan plan, DataOutputStream out) throws IOException {
    out.writeLong(call.epochMillis());
    out.writeBoolean(call.ambiguousTime());
    for (Field<?> field : plan.orderedFields()) {
      out.writeBoolean(call.isPresent(field));
      if (call.isPresent(field)) {
        write(call, field, out);
      }
    }
    out.writeInt(record.partition());
    out.writeLong(record.offset());
    out.writeLong(record.timestampMillis());
    DeadLetterFormat.writeValue(CallReader.valueOf(record), out);
    out.writeInt(index);
  }

  public static PossibleDuplicate read(TaskPlan plan, DataInputStream in) throws IOException {
    Instant time = Instant.ofEpochMilli(in.readLong());
    boolean ambiguous = in.readBoolean();
    Call.Builder call = Call.builder(time, plan.fields());
    if (ambiguous) {
      call.withAmbiguousTime();
    }
    for (Field<?> field : plan.orderedFields()) {
      if (in.readBoolean()) {
        set(call, field, read(field, in));
      }
    }
    CallRecord record =
        CallRecord.at(
            plan.topic(),
            in.readInt(),
            in.readLong(),
            in.readLong(),
            DeadLetterFormat.readValue(in));
    return new PossibleDuplicate(call.build(), record, in.readInt());
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
