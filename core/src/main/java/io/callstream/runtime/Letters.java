package io.callstream.runtime;

import io.callstream.call.RejectionReason;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.WindowBounds;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Dead letters on their way from a task to the driver, as bytes. */
public final class Letters {
  /** The order in which sinks get letters: by partition, then offset. */
  public static final Comparator<DeadLetter> ORDER =
      Comparator.comparing(DeadLetter::origin, Comparator.comparingInt(Origin::partition))
          .thenComparing(DeadLetter::origin, Comparator.comparingLong(Origin::offset));

  private static final RejectionReason[] REASONS = RejectionReason.values();
  private static final int LATE = -1;
  private static final int NO_VALUE = -1;

  private Letters() {}

  /** Writes a letter. */
  public static void write(DeadLetter letter, DataOutputStream out) throws IOException {
    if (letter instanceof Rejected rejected) {
      out.writeByte(rejected.reason().ordinal());
      out.writeBoolean(rejected.field() != null);
      if (rejected.field() != null) {
        out.writeUTF(rejected.field());
      }
    } else if (letter instanceof Late late) {
      out.writeByte(LATE);
      out.writeInt(late.missed().size());
      for (MissedWindow missed : late.missed()) {
        out.writeUTF(missed.statistic());
        out.writeLong(missed.window().start().toEpochMilli());
        out.writeLong(missed.window().end().toEpochMilli());
      }
    }
    Origin origin = letter.origin();
    out.writeUTF(origin.topic());
    out.writeInt(origin.partition());
    out.writeLong(origin.offset());
    out.writeLong(origin.timestamp().toEpochMilli());
    writeValue(letter.value(), out);
  }

  /** Reads a letter. */
  public static DeadLetter read(DataInputStream in) throws IOException {
    int kind = in.readByte();
    if (kind == LATE) {
      List<MissedWindow> missed = new ArrayList<>();
      for (int i = in.readInt(); i > 0; i--) {
        missed.add(
            new MissedWindow(
                in.readUTF(),
                new WindowBounds(
                    Instant.ofEpochMilli(in.readLong()), Instant.ofEpochMilli(in.readLong()))));
      }
      return new Late(readOrigin(in), readValue(in), missed);
    }
    String field = in.readBoolean() ? in.readUTF() : null;
    return new Rejected(readOrigin(in), readValue(in), REASONS[kind], field);
  }

  private static Origin readOrigin(DataInputStream in) throws IOException {
    return new Origin(
        in.readUTF(), in.readInt(), in.readLong(), Instant.ofEpochMilli(in.readLong()));
  }

  static void writeValue(byte @Nullable [] value, DataOutputStream out) throws IOException {
    out.writeInt(value == null ? NO_VALUE : value.length);
    if (value != null) {
      out.write(value);
    }
  }

  static byte @Nullable [] readValue(DataInputStream in) throws IOException {
    int length = in.readInt();
    return length == NO_VALUE ? null : in.readNBytes(length);
  }
}
