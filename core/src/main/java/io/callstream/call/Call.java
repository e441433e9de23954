package io.callstream.call;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A police call for service. Immutable and thread-safe.
 *
 * <p>A text field that is missing or blank in the record is the empty string. Other text is kept
 * unchanged and is not trimmed. A parser builds only the requested fields, and reading any other
 * field throws {@link UndeclaredFieldException}. In a pipeline, a call has only the fields that the
 * statistics of the pipeline declare.
 */
public final class Call {
  /** The earliest time that a call can have. */
  public static final Instant EARLIEST = Instant.parse("-0001-01-01T00:00:00Z");

  /** The latest time that a call can have. */
  public static final Instant LATEST = Instant.parse("+10000-12-31T23:59:59.999Z");

  private static final CallField[] FIELDS = CallField.values();

  private final long epochMillis;
  private final boolean ambiguousTime;
  private final @Nullable String[] texts;
  private final @Nullable Map<CallField, Instant> times;

  /**
   * Creates a call that takes ownership of {@code texts}, which is indexed by {@link
   * CallField#ordinal()}. The entry of a field, text or time, is null if the field was not
   * requested. The entry of a requested field without text is the empty string.
   */
  Call(
      long epochMillis,
      boolean ambiguousTime,
      @Nullable String[] texts,
      @Nullable Map<CallField, Instant> times) {
    this.epochMillis = epochMillis;
    this.ambiguousTime = ambiguousTime;
    this.texts = texts;
    this.times = times;
  }

  /**
   * Returns a builder for a call with the required fields. All other fields are requested and
   * empty.
   *
   * @param time the event time, from {@link #EARLIEST} to {@link #LATEST}; truncated to the
   *     millisecond
   * @throws IllegalArgumentException if {@code id} or {@code crimeType} is blank, or if {@code
   *     time} is out of range
   */
  public static Builder builder(String id, String crimeType, Instant time) {
    requireText(CallField.ID, id);
    requireText(CallField.CRIME_TYPE, crimeType);
    return copyOf(id, crimeType, time, EnumSet.allOf(CallField.class));
  }

  private static void requireText(CallField field, String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException(field + " of a call must not be blank");
    }
  }

  /**
   * Returns a builder for a call with only some fields, such as a parser builds. Engines use it to
   * transfer calls between processes. A field that is set on the builder becomes readable as well.
   *
   * @param id ignored if {@code fields} does not contain {@link CallField#ID}
   * @param crimeType ignored if {@code fields} does not contain {@link CallField#CRIME_TYPE}
   * @param time the event time, from {@link #EARLIEST} to {@link #LATEST}; truncated to the
   *     millisecond
   * @param fields the requested fields
   * @throws IllegalArgumentException if {@code time} is out of range
   */
  public static Builder copyOf(String id, String crimeType, Instant time, Set<CallField> fields) {
    Builder builder = new Builder(time, noTexts(fields));
    builder.replace(CallField.ID, id);
    builder.replace(CallField.CRIME_TYPE, crimeType);
    return builder;
  }

  /**
   * Returns the texts of an empty call: the empty string for each requested field, otherwise null.
   */
  static @Nullable String[] noTexts(Set<CallField> asked) {
    @Nullable String[] texts = new @Nullable String[FIELDS.length];
    asked.forEach(field -> texts[field.ordinal()] = "");
    return texts;
  }

  /**
   * Returns whether a field other than the event time was requested and can be read, even if empty.
   */
  public boolean has(CallField field) {
    return texts[field.ordinal()] != null;
  }

  /** Returns a copy of this call in which only {@code fields} and the event time can be read. */
  public Call only(Set<CallField> fields) {
    @Nullable String[] asked = noTexts(fields);
    Map<CallField, Instant> askedTimes = new EnumMap<>(CallField.class);
    for (CallField field : fields) {
      asked[field.ordinal()] = textOrNone(field);
      Instant time = timesOrNone().get(field);
      if (time != null) {
        askedTimes.put(field, time);
      }
    }
    return new Call(epochMillis, ambiguousTime, asked, askedTimes.isEmpty() ? null : askedTimes);
  }

  /** Returns the id of the call at its source. */
  public String id() {
    return text(CallField.ID);
  }

  /** Returns the call type exactly as the source wrote it. */
  public String crimeType() {
    return text(CallField.CRIME_TYPE);
  }

  /** Returns the event time, to the millisecond. */
  public Instant time() {
    return Instant.ofEpochMilli(epochMillis);
  }

  /** Returns {@code time().toEpochMilli()} without building an {@link Instant}. */
  public long epochMillis() {
    return epochMillis;
  }

  /**
   * Returns whether the event time is ambiguous: the record gives a wall-clock time that occurs
   * twice because the clocks were set back, and no offset. {@link #time()} is then the earlier of
   * the two.
   */
  public boolean ambiguousTime() {
    return ambiguousTime;
  }

  /** Returns the disposition code, or the empty string. */
  public String disposition() {
    return text(CallField.DISPOSITION);
  }

  /** Returns the address, or the empty string. */
  public String address() {
    return text(CallField.ADDRESS);
  }

  /**
   * Returns a text field, or the empty string if the call has no text in it.
   *
   * @throws IllegalArgumentException if the field holds a time
   * @throws UndeclaredFieldException if the field was not requested
   */
  public String text(CallField field) {
    if (field == CallField.TIME || field.holdsTime()) {
      throw new IllegalArgumentException(
          field + " holds a time, not text; use time() or time(CallField)");
    }
    String text = texts[field.ordinal()];
    if (text == null) {
      throw new UndeclaredFieldException(field);
    }
    return text;
  }

  /**
   * Returns a time field, or empty if the record does not have it.
   *
   * @throws IllegalArgumentException if the field holds text
   * @throws UndeclaredFieldException if the field was not requested
   */
  public Optional<Instant> time(CallField field) {
    if (field == CallField.TIME) {
      return Optional.of(time());
    }
    if (!field.holdsTime()) {
      throw new IllegalArgumentException(field + " holds text, not a time; use text(CallField)");
    }
    if (texts[field.ordinal()] == null) {
      throw new UndeclaredFieldException(field);
    }
    return times == null ? Optional.empty() : Optional.ofNullable(times.get(field));
  }

  /**
   * Returns the duration from one time field of the call to another, or empty if either is unknown.
   * The duration is negative if {@code end} is before {@code start}.
   *
   * @throws IllegalArgumentException if a field holds text
   * @throws UndeclaredFieldException if a field was not requested
   */
  public Optional<Duration> between(CallField start, CallField end) {
    return time(start).flatMap(from -> time(end).map(to -> Duration.between(from, to)));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Call that
        && epochMillis == that.epochMillis
        && ambiguousTime == that.ambiguousTime
        && sameTexts(that)
        && timesOrNone().equals(that.timesOrNone());
  }

  private boolean sameTexts(Call that) {
    for (CallField field : FIELDS) {
      if (!textOrNone(field).equals(that.textOrNone(field))) {
        return false;
      }
    }
    return true;
  }

  private String textOrNone(CallField field) {
    String text = texts[field.ordinal()];
    return text == null ? "" : text;
  }

  private Map<CallField, Instant> timesOrNone() {
    return times == null ? Map.of() : times;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(epochMillis) * 31 + textOrNone(CallField.ID).hashCode();
  }

  /** Returns the id and the event time only, without personal data. */
  @Override
  public String toString() {
    return "Call[" + textOrNone(CallField.ID) + " at " + time() + "]";
  }

  /** Builds a {@link Call}. Not thread-safe. */
  public static final class Builder {
    private final long epochMillis;
    private final @Nullable String[] texts;
    private final Map<CallField, Instant> times = new EnumMap<>(CallField.class);
    private boolean ambiguousTime;

    private Builder(Instant time, @Nullable String[] texts) {
      epochMillis = requireTime(CallField.TIME, time).toEpochMilli();
      this.texts = texts;
    }

    /** These bounds keep the sum of a time and any window, lateness or retention within range. */
    private static Instant requireTime(CallField field, Instant time) {
      if (time.isBefore(EARLIEST) || time.isAfter(LATEST)) {
        throw new IllegalArgumentException(
            field + " of a call is " + time + "; it must be from " + EARLIEST + " to " + LATEST);
      }
      return time;
    }

    private void replace(CallField field, String text) {
      if (texts[field.ordinal()] != null) {
        texts[field.ordinal()] = text;
      }
    }

    /**
     * Sets a text field other than the id and the call type. Blank text becomes the empty string.
     *
     * @throws IllegalArgumentException if the field is the id or the call type, or holds a time
     */
    public Builder with(CallField field, String text) {
      if (field == CallField.ID
          || field == CallField.CRIME_TYPE
          || field == CallField.TIME
          || field.holdsTime()) {
        throw new IllegalArgumentException(
            field + " cannot be set as text; set a text field other than ID and CRIME_TYPE");
      }
      texts[field.ordinal()] = text.isBlank() ? "" : text;
      return this;
    }

    /**
     * Sets a time field other than the event time.
     *
     * @throws IllegalArgumentException if the field is the event time or holds text, or if the time
     *     is not from {@link #EARLIEST} to {@link #LATEST}
     */
    public Builder with(CallField field, Instant time) {
      if (!field.holdsTime()) {
        throw new IllegalArgumentException(
            field + " cannot be set as a time; set RECEIVED, DISPATCHED, ON_SCENE or CLOSED");
      }
      texts[field.ordinal()] = "";
      times.put(field, requireTime(field, time));
      return this;
    }

    /** Sets the disposition code. */
    public Builder disposition(String code) {
      return with(CallField.DISPOSITION, code);
    }

    /** Sets the address. */
    public Builder address(String address) {
      return with(CallField.ADDRESS, address);
    }

    /** Marks the event time as ambiguous. See {@link Call#ambiguousTime()}. */
    public Builder withAmbiguousTime() {
      ambiguousTime = true;
      return this;
    }

    /** Returns the call. The builder can be changed and used again. */
    public Call build() {
      return new Call(
          epochMillis,
          ambiguousTime,
          Arrays.copyOf(texts, texts.length),
          times.isEmpty() ? null : new EnumMap<>(times));
    }
  }
}
