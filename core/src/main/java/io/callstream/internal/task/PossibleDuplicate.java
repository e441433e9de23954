package io.callstream.internal.task;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.callstream.call.Call;
import io.callstream.call.CallField;
import io.callstream.internal.source.InputRecord;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;

/**
 * A call that counts unless it is a duplicate, on its way to the set of known ids.
 *
 * @param record the record of the call; its value may be missing if no statistic can find the call
 *     late
 */
public record PossibleDuplicate(Call call, InputRecord record) {
  /** The order that decides which of several calls is the first: by partition, then offset. */
  public static final Comparator<PossibleDuplicate> ORDER =
      Comparator.comparing(
              PossibleDuplicate::record, Comparator.comparingInt(InputRecord::partition))
          .thenComparing(PossibleDuplicate::record, Comparator.comparingLong(InputRecord::offset));

  public void write(TaskPlan plan, DataOutputStream out) throws IOException {
    out.writeLong(call.epochMillis());
    out.writeBoolean(call.ambiguousTime());
    writeText(call.id(), out);
    writeText(plan.fields().contains(CallField.CRIME_TYPE) ? call.crimeType() : "", out);
    for (CallField field : CallField.values()) {
      if (!plan.fields().contains(field)) {
        continue;
      }
      if (field.holdsTime()) {
        Optional<Instant> time = call.time(field);
        out.writeBoolean(time.isPresent());
        if (time.isPresent()) {
          out.writeLong(time.get().toEpochMilli());
        }
      } else if (isOptionalText(field)) {
        writeText(call.text(field), out);
      }
    }
    out.writeInt(record.partition());
    out.writeLong(record.offset());
    out.writeLong(record.timestampMillis());
    DeadLetterFormat.writeValue(record.value(), out);
  }

  public static PossibleDuplicate read(TaskPlan plan, DataInputStream in) throws IOException {
    Instant time = Instant.ofEpochMilli(in.readLong());
    boolean ambiguous = in.readBoolean();
    Set<CallField> fields = plan.fields();
    Call.Builder call = Call.copyOf(readText(in), readText(in), time, fields);
    if (ambiguous) {
      call.withAmbiguousTime();
    }
    for (CallField field : CallField.values()) {
      if (!fields.contains(field)) {
        continue;
      }
      if (field.holdsTime()) {
        if (in.readBoolean()) {
          call.with(field, Instant.ofEpochMilli(in.readLong()));
        }
      } else if (isOptionalText(field)) {
        call.with(field, readText(in));
      }
    }
    InputRecord record =
        new InputRecord(in.readInt(), in.readLong(), in.readLong(), DeadLetterFormat.readValue(in));
    return new PossibleDuplicate(call.build(), record);
  }

  private static boolean isOptionalText(CallField field) {
    return field != CallField.ID && field != CallField.CRIME_TYPE && field != CallField.TIME;
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
