package io.callstream.internal.task;

import io.callstream.call.Call;
import io.callstream.call.CallRecord;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.Comparator;

/**
 * A call that counts unless it is a duplicate, on its way to the set of known calls.
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
    CallValues.write(call, plan.orderedFields(), out);
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
    CallValues.read(plan.orderedFields(), in, plan.fields(), call);
    CallRecord record =
        CallRecord.at(
            plan.topic(),
            in.readInt(),
            in.readLong(),
            in.readLong(),
            DeadLetterFormat.readValue(in));
    return new PossibleDuplicate(call.build(), record, in.readInt());
  }
}
