package io.callstream.internal.task;

import io.callstream.call.Call;
import io.callstream.call.Field;
import io.callstream.call.Fields;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The last versions of counted calls, with the fields that the pipeline read at that time. A call
 * that equals its last version in its event time and in all fields that the pipeline reads is a
 * duplicate. A version of which the pipeline did not read all these fields equals no call.
 */
final class CallVersions extends KnownCalls<CallVersions.Version> {
  private final TaskPlan plan;
  private final long horizonMillis;

  /** Whether the format declares {@link Fields#ALL}, so that each call has its own fields. */
  private final boolean hasAnyFields;

  /** The fields of the pipeline, without the id. */
  private final List<Field<?>> fields;

  /** The lists of fields in the state that is being read. */
  private final List<List<Field<?>>> read = new ArrayList<>();

  /** The places of lists of fields in the state that is being written. */
  private final Map<List<Field<?>>, Integer> written = new LinkedHashMap<>();

  /**
   * A version of a call.
   *
   * @param batch the number of the batch that counted it
   * @param values the values of the fields, in the format of {@link CallValues}
   */
  record Version(
      long epochMillis, boolean ambiguousTime, long batch, List<Field<?>> fields, byte[] values) {}

  /** Creates versions from the result of {@link #toBytes()}, or no versions. */
  CallVersions(TaskPlan plan, byte @Nullable [] state) {
    this.plan = plan;
    this.horizonMillis = plan.correctionHorizonMillis().orElseThrow();
    this.hasAnyFields = plan.fields().containsAll(Fields.ALL);
    this.fields = withoutId(plan.orderedFields());
    if (state != null) {
      add(state);
    }
  }

  private static List<Field<?>> withoutId(Collection<Field<?>> all) {
    return all.stream().filter(field -> field != Fields.ID).sorted().toList();
  }

  private List<Field<?>> fields(Call call) {
    return hasAnyFields ? withoutId(call.fields()) : fields;
  }

  @Override
  boolean isDuplicate(Version known, Version next, Call call) {
    if (known.epochMillis() != next.epochMillis()
        || known.ambiguousTime() != next.ambiguousTime()) {
      return false;
    }
    List<Field<?>> now = next.fields();
    if (known.fields().equals(now)) {
      return Arrays.equals(known.values(), next.values());
    }
    // The pipeline read other fields when it counted the version. A field that it did not read may
    // have changed since then.
    if (!hasAnyFields && !known.fields().containsAll(now)) {
      return false;
    }
    Set<Field<?>> compared = new HashSet<>(now);
    if (hasAnyFields) {
      compared.addAll(known.fields());
    }
    Call earlier = earlier(call.id(), known).call();
    return compared.stream()
        .allMatch(field -> Objects.equals(value(earlier, field), value(call, field)));
  }

  private static @Nullable Object value(Call call, Field<?> field) {
    return call.has(field) && call.isPresent(field) ? call.get(field) : null;
  }

  @Override
  Version remember(Call call, long batch) {
    List<Field<?>> now = fields(call);
    return new Version(call.epochMillis(), call.ambiguousTime(), batch, now, values(call, now));
  }

  private static byte[] values(Call call, List<Field<?>> fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      CallValues.write(call, fields, out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  Earlier earlier(String id, Version known) {
    Instant time = Instant.ofEpochMilli(known.epochMillis());
    Call.Builder call = hasAnyFields ? Call.builder(time) : Call.builder(time, plan.fields());
    call.with(Fields.ID, id);
    if (known.ambiguousTime()) {
      call.withAmbiguousTime();
    }
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(known.values()));
    try {
      Set<Field<?>> some = hasAnyFields ? Set.copyOf(known.fields()) : plan.fields();
      CallValues.read(known.fields(), in, some, call);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Earlier(call.build(), known.batch());
  }

  @Override
  long expiry(Version known) {
    return known.epochMillis() + horizonMillis;
  }

  @Override
  void writeHeader(Iterable<Version> some, DataOutputStream out) throws IOException {
    written.clear();
    some.forEach(version -> written.putIfAbsent(version.fields(), written.size()));
    out.writeInt(written.size());
    for (List<Field<?>> list : written.keySet()) {
      out.writeInt(list.size());
      for (Field<?> field : list) {
        CallValues.writeField(field, out);
      }
    }
  }

  @Override
  void write(Version version, DataOutputStream out) throws IOException {
    out.writeLong(version.epochMillis());
    out.writeBoolean(version.ambiguousTime());
    out.writeLong(version.batch());
    out.writeInt(written.getOrDefault(version.fields(), 0));
    out.writeInt(version.values().length);
    out.write(version.values());
  }

  @Override
  void readHeader(DataInputStream in) throws IOException {
    read.clear();
    for (int i = in.readInt(); i > 0; i--) {
      List<Field<?>> list = new ArrayList<>();
      for (int j = in.readInt(); j > 0; j--) {
        list.add(CallValues.readField(in));
      }
      read.add(list.equals(fields) ? fields : List.copyOf(list));
    }
  }

  @Override
  Version read(DataInputStream in) throws IOException {
    return new Version(
        in.readLong(),
        in.readBoolean(),
        in.readLong(),
        read.get(in.readInt()),
        in.readNBytes(in.readInt()));
  }
}
