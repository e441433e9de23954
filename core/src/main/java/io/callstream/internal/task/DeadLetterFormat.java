package io.callstream.internal.task;

import io.callstream.call.RejectionReason;
import io.callstream.internal.files.Checksum;
import io.callstream.pipeline.DeadLetter;
import io.callstream.pipeline.DeadLetter.Late;
import io.callstream.pipeline.DeadLetter.MissedWindow;
import io.callstream.pipeline.DeadLetter.Rejected;
import io.callstream.pipeline.Origin;
import io.callstream.pipeline.WindowBounds;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The byte format of dead letters between tasks and the driver. */
public final class DeadLetterFormat {
  private static final int REJECTED = 0;
  private static final int LATE = 1;
  private static final int END = -2;
  private static final int NO_VALUE = -1;

  private DeadLetterFormat() {}

  /** Returns the next dead letter; null at the mark that no dead letter follows. */
  static @Nullable DeadLetter readOrEnd(DataInputStream in) throws IOException {
    int length = in.readInt();
    return length == END ? null : read(length, in);
  }

  /** Writes a mark that no dead letter follows. Data without this mark is incomplete. */
  public static void writeEnd(DataOutputStream out) throws IOException {
    out.writeInt(END);
  }

  /** Writes a dead letter: its length, the checksum of its content, and the content. */
  public static void write(DeadLetter letter, DataOutputStream out) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writeContent(letter, new DataOutputStream(bytes));
    byte[] content = bytes.toByteArray();
    out.writeInt(content.length);
    out.writeInt(Checksum.crc(content, 0, content.length));
    out.write(content);
  }

  private static void writeContent(DeadLetter letter, DataOutputStream out) throws IOException {
    if (letter instanceof Rejected rejected) {
      out.writeByte(REJECTED);
      out.writeUTF(rejected.reason().code());
      out.writeBoolean(rejected.field() != null);
      if (rejected.field() != null) {
        out.writeUTF(rejected.field());
      }
      out.writeBoolean(rejected.detail() != null);
      if (rejected.detail() != null) {
        out.writeUTF(rejected.detail());
      }
    } else if (letter instanceof Late late) {
      out.writeByte(LATE);
      out.writeInt(late.call());
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

  static DeadLetter read(DataInputStream in) throws IOException {
    return read(in.readInt(), in);
  }

  private static DeadLetter read(int length, DataInputStream in) throws IOException {
    int checksum = in.readInt();
    byte[] content = in.readNBytes(Math.max(0, length));
    if (content.length != length || Checksum.crc(content, 0, content.length) != checksum) {
      throw new IOException("a letter is cut off or has changed");
    }
    try {
      return readContent(new DataInputStream(new ByteArrayInputStream(content)));
    } catch (RuntimeException e) {
      // The content is not a valid dead letter.
      throw new IOException(e);
    }
  }

  private static DeadLetter readContent(DataInputStream in) throws IOException {
    int kind = in.readByte();
    if (kind == LATE) {
      int call = in.readInt();
      List<MissedWindow> missed = new ArrayList<>();
      for (int i = in.readInt(); i > 0; i--) {
        missed.add(
            new MissedWindow(
                in.readUTF(),
                new WindowBounds(
                    Instant.ofEpochMilli(in.readLong()), Instant.ofEpochMilli(in.readLong()))));
      }
      return new Late(readOrigin(in), readValue(in), call, missed);
    }
    if (kind != REJECTED) {
      throw new IOException("a letter has the unknown kind " + kind);
    }
    RejectionReason reason = RejectionReason.of(in.readUTF());
    String field = in.readBoolean() ? in.readUTF() : null;
    String detail = in.readBoolean() ? in.readUTF() : null;
    return new Rejected(readOrigin(in), readValue(in), reason, field, detail);
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
    if (length == NO_VALUE) {
      return null;
    }
    byte[] value = in.readNBytes(length);
    if (value.length < length) {
      throw new EOFException("a value breaks off");
    }
    return value;
  }
}
