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
 * One police call for service. Immutable and thread-safe.
 *
 * <p>Text that the source left out, or left blank, is the empty text; otherwise it is kept as it
 * came, untrimmed. A parser that was asked for some fields only builds no others, and to read one
 * of those is an error: a call that passes through a pipeline has the fields that its statistics
 * declare, and no others.
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
   * Takes {@code texts}, indexed by {@link CallField#ordinal()}, as its own: null for a field that
   * nobody asked for, a time or a text, and else the empty text where there is none.
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
   * Starts a call from what every call has.
   *
   * @param time from {@link #EARLIEST} to {@link #LATEST}; cut to the millisecond
   * @throws IllegalArgumentException if {@code id} or {@code crimeType} is blank, or {@code time}
   *     is out of range
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
   * Starts a call as a parser builds it that was asked for some fields; for engines that move calls
   * about. A field that is set later can be read too.
   *
   * @param fields what was asked for; {@code id} and {@code crimeType} are left out if they are not
   *     among them
   */
  public static Builder copyOf(String id, String crimeType, Instant time, Set<CallField> fields) {
    Builder builder = new Builder(time, noTexts(fields));
    builder.replace(CallField.ID, id);
    builder.replace(CallField.CRIME_TYPE, crimeType);
    return builder;
  }

  /** Returns the texts of a call that has none, of which some fields were asked for. */
  static @Nullable String[] noTexts(Set<CallField> asked) {
    @Nullable String[] texts = new @Nullable String[FIELDS.length];
    asked.forEach(field -> texts[field.ordinal()] = "");
    return texts;
  }

  /** Returns whether a field other than the event time can be read, be it empty. */
  public boolean has(CallField field) {
    return texts[field.ordinal()] != null;
  }

  /** Returns this call as a parser builds it that was asked for some fields and no others. */
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

  /** Returns the type as the source words it. */
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
   * Returns whether the record gave a wall-clock time that occurs twice, because the clocks went
   * back, without saying which of the two it means. {@link #time()} is then the earlier one.
   */
  public boolean ambiguousTime() {
    return ambiguousTime;
  }

  /** Returns the disposition code, which may be the empty text. */
  public String disposition() {
    return text(CallField.DISPOSITION);
  }

  /** Returns the address, which may be the empty text. */
  public String address() {
    return text(CallField.ADDRESS);
  }

  /**
   * Returns a text field; the empty text where there is none.
   *
   * @throws IllegalArgumentException if the field holds a time
   * @throws UndeclaredFieldException if the field was not asked for
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
   * Returns a time field, or empty where the record has none.
   *
   * @throws IllegalArgumentException if the field holds text
   * @throws UndeclaredFieldException if the field was not asked for
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

  /** Returns the time from one moment of the call to another; empty unless both are known. */
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

  /** Returns the id and the event time: nothing that tells about people. */
  @Override
  public String toString() {
    return "Call[" + textOrNone(CallField.ID) + " at " + time() + "]";
  }

  /** Collects the fields of a {@link Call}. Not thread-safe. */
  public static final class Builder {
    private final long epochMillis;
    private final @Nullable String[] texts;
    private final Map<CallField, Instant> times = new EnumMap<>(CallField.class);
    private boolean ambiguousTime;

    private Builder(Instant time, @Nullable String[] texts) {
      epochMillis = requireTime(CallField.TIME, time).toEpochMilli();
      this.texts = texts;
    }

    /** With these bounds no sum of a time and a window, a lateness or a retention overflows. */
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

    /** Sets a text field other than the id and the type. Blank text is the empty text. */
    public Builder with(CallField field, String text) {
      if (field == CallField.ID
          || field == CallField.CRIME_TYPE
          || field == CallField.TIME
          || field.holdsTime()) {
        throw new IllegalArgumentException(field + " is not an optional text field");
      }
      texts[field.ordinal()] = text.isBlank() ? "" : text;
      return this;
    }

    /**
     * Sets a time field other than the event time.
     *
     * @throws IllegalArgumentException if the time is out of range
     */
    public Builder with(CallField field, Instant time) {
      if (!field.holdsTime()) {
        throw new IllegalArgumentException(field + " is not an optional time field");
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

    /** Marks the event time as one that the record's wall-clock time does not tell for certain. */
    public Builder withAmbiguousTime() {
      ambiguousTime = true;
      return this;
    }

    /** Returns the call; the builder can go on to build others. */
    public Call build() {
      return new Call(
          epochMillis,
          ambiguousTime,
          Arrays.copyOf(texts, texts.length),
          times.isEmpty() ? null : new EnumMap<>(times));
    }
  }
}
