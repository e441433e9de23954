package io.callstream.call;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.text.ParsePosition;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.time.temporal.TemporalQuery;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Arrays;
import java.util.List;

/**
 * Reads event times from bytes. The reader caches the start and the offset of the most recent days.
 * On days on which the clocks change it uses java.time instead.
 */
final class EventTimeReader {
  private static final int DAYS = 64;
  private static final long MILLIS_PER_SECOND = 1_000L;
  private static final long EARLIEST = Call.EARLIEST.toEpochMilli();
  private static final long LATEST = Call.LATEST.toEpochMilli();
  private static final int NO_OFFSET = Integer.MIN_VALUE;
  private static final int NO_DAY = Integer.MIN_VALUE;

  private final ZoneRules rules;
  private final TimePattern[] patterns;
  private final NumberReader numbers = new NumberReader();

  /**
   * Cached days as year * 10000 + month * 100 + day, indexed by this number modulo {@link #DAYS}.
   */
  private final int[] days = new int[DAYS];

  /** Seconds from the epoch to midnight of the day in UTC. */
  private final long[] midnights = new long[DAYS];

  /**
   * The offset of the day in seconds, or {@link #NO_OFFSET} if the day has more than one offset.
   */
  private final int[] offsets = new int[DAYS];

  /** The last day in the form of ISO: the bytes {@code yyyy-MM-}, the day and the cache slot. */
  private long isoMonth;

  private int isoDayOfMonth = NO_DAY;
  private int isoSlot;

  private long epochMillis;
  private boolean ambiguous;

  EventTimeReader(ZoneId zone, List<TimePattern> patterns) {
    this.rules = zone.getRules();
    this.patterns = patterns.toArray(TimePattern[]::new);
    Arrays.fill(days, -1);
  }

  /** Returns the time from the last successful {@link #read}. */
  long epochMillis() {
    return epochMillis;
  }

  /** Returns whether that time has no offset and occurs twice in the time zone. */
  boolean ambiguous() {
    return ambiguous;
  }

  /** Reads a time in one of the forms. Returns false if the bytes are not a time. */
  boolean read(byte[] b, int start, int end) {
    for (TimePattern pattern : patterns) {
      boolean isRead =
          switch (pattern.kind()) {
            case ISO -> readIso(b, start, end);
            case PORTAL -> readOfPortal(b, start, end);
            case SECONDS -> readEpoch(b, start, end, true);
            case MILLIS -> readEpoch(b, start, end, false);
            case OTHER -> readAsText(pattern, new String(b, start, end - start, UTF_8));
          };
      if (isRead) {
        return true;
      }
    }
    return false;
  }

  private boolean readIso(byte[] b, int start, int end) {
    // yyyy-MM-ddTHH:mm
    int i = start;
    if (end - start < 16 || (b[i + 10] != 'T' && b[i + 10] != ' ') || b[i + 13] != ':') {
      return false;
    }
    int slot = isoDay(b, i);
    int hour = digits(b, i + 11, 2);
    int minute = digits(b, i + 14, 2);
    if ((slot | hour | minute) < 0 || hour > 23 || minute > 59) {
      return false;
    }
    i += 16;
    int second = 0;
    int millis = 0;
    if (i < end && b[i] == ':') {
      second = end - i >= 3 ? digits(b, i + 1, 2) : -1;
      if (second < 0 || second > 59) {
        return false;
      }
      i += 3;
      if (i < end && b[i] == '.') {
        int from = ++i;
        for (; i < end && b[i] >= '0' && b[i] <= '9'; i++) {
          if (i - from < 3) {
            millis = millis * 10 + b[i] - '0';
          }
        }
        int count = i - from;
        if (count < 1 || count > 9) {
          return false;
        }
        millis = count == 1 ? millis * 100 : count == 2 ? millis * 10 : millis;
      }
    }
    int secondOfDay = hour * 3600 + minute * 60 + second;
    if (i < end) {
      int offset = offset(b, i, end);
      ambiguous = false;
      epochMillis = (midnights[slot] + secondOfDay - offset) * MILLIS_PER_SECOND + millis;
      return offset != NO_OFFSET;
    }
    resolve(slot, secondOfDay);
    epochMillis += millis;
    return true;
  }

  /** Returns the cache slot of a day {@code yyyy-MM-dd}, or -1 if the bytes are not a date. */
  private int isoDay(byte[] b, int i) {
    long yearAndMonth = Words.at(b, i);
    int dayOfMonth = digits(b, i + 8, 2);
    if (yearAndMonth == isoMonth && dayOfMonth == isoDayOfMonth) {
      return isoSlot;
    }
    int year = digits(b, i, 4);
    int month = digits(b, i + 5, 2);
    if ((year | month | dayOfMonth) < 0 || b[i + 4] != '-' || b[i + 7] != '-') {
      return -1;
    }
    int slot = day(year, month, dayOfMonth);
    if (slot >= 0) {
      isoMonth = yearAndMonth;
      isoDayOfMonth = dayOfMonth;
      isoSlot = slot;
    }
    return slot;
  }

  private boolean readEpoch(byte[] b, int start, int end, boolean isSeconds) {
    // Digits after the millisecond are ignored, as in the other forms.
    if (!numbers.readTruncated(b, start, end, isSeconds ? 3 : 0)) {
      return false;
    }
    ambiguous = false;
    epochMillis = numbers.value();
    return epochMillis >= EARLIEST && epochMillis <= LATEST;
  }

  /** Returns what a form of {@link java.time} is read as. */
  static TemporalQuery<TemporalAccessor> query(TimePattern pattern) {
    return parsed -> {
      if (parsed.query(TemporalQueries.zone()) != null) {
        return ZonedDateTime.from(parsed);
      }
      return pattern.isDate() ? LocalDate.from(parsed).atStartOfDay() : LocalDateTime.from(parsed);
    };
  }

  private boolean readAsText(TimePattern pattern, String text) {
    DateTimeFormatter form = pattern.formatter();
    if (form == null) {
      return false;
    }
    ParsePosition position = new ParsePosition(0);
    boolean matches = form.parseUnresolved(text, position) != null;
    if (!matches || position.getIndex() != text.length()) {
      return false;
    }
    try {
      return read(form.parse(text, query(pattern)));
    } catch (DateTimeException | ArithmeticException e) {
      return false;
    }
  }

  private boolean read(TemporalAccessor time) {
    long seconds;
    if (time instanceof ZonedDateTime exact) {
      ambiguous = false;
      seconds = exact.toEpochSecond();
    } else {
      LocalDateTime local = (LocalDateTime) time;
      seconds = local.toEpochSecond(ZoneOffset.UTC);
      if (isInRange(seconds)) {
        resolve(local);
        seconds = Math.floorDiv(epochMillis, MILLIS_PER_SECOND);
      }
    }
    if (!isInRange(seconds)) {
      return false;
    }
    epochMillis = seconds * MILLIS_PER_SECOND + time.get(ChronoField.MILLI_OF_SECOND);
    return epochMillis >= EARLIEST && epochMillis <= LATEST;
  }

  private static boolean isInRange(long seconds) {
    return seconds >= EARLIEST / MILLIS_PER_SECOND && seconds <= LATEST / MILLIS_PER_SECOND;
  }

  /**
   * Reads a time in the form of the CSV exports of open data portals: {@code MM/dd/yyyy} or {@code
   * yyyy/MM/dd}, {@code hh:mm[:ss]} and {@code AM} or {@code PM}.
   */
  private boolean readOfPortal(byte[] b, int start, int end) {
    int slash = indexOf(b, '/', start, end);
    int secondSlash = indexOf(b, '/', slash + 1, end);
    int space = indexOf(b, ' ', secondSlash + 1, end);
    int colon = indexOf(b, ':', space + 1, end);
    if (slash < 0 || secondSlash < 0 || space < 0 || colon < 0 || end - colon < 6) {
      return false;
    }
    boolean yearFirst = slash - start == 4;
    int first = yearFirst ? digits(b, start, 4) : oneOrTwoDigits(b, start, slash);
    int second = oneOrTwoDigits(b, slash + 1, secondSlash);
    int third =
        yearFirst
            ? oneOrTwoDigits(b, secondSlash + 1, space)
            : space - secondSlash == 5 ? digits(b, secondSlash + 1, 4) : -1;
    int hour = oneOrTwoDigits(b, space + 1, colon);
    int minute = digits(b, colon + 1, 2);
    int i = colon + 3;
    int secondOfMinute = 0;
    if (b[i] == ':') {
      secondOfMinute = end - i == 6 ? digits(b, i + 1, 2) : -1;
      i += 3;
    }
    if ((first | second | third | hour | minute | secondOfMinute) < 0
        || hour < 1
        || hour > 12
        || minute > 59
        || secondOfMinute > 59
        || end - i != 3
        || b[i] != ' '
        || (b[i + 1] != 'A' && b[i + 1] != 'P')
        || b[i + 2] != 'M') {
      return false;
    }
    int slot = yearFirst ? day(first, second, third) : day(third, first, second);
    if (slot < 0) {
      return false;
    }
    int hourOfDay = hour % 12 + (b[i + 1] == 'P' ? 12 : 0);
    resolve(slot, hourOfDay * 3600 + minute * 60 + secondOfMinute);
    return true;
  }

  private static int indexOf(byte[] b, char wanted, int from, int end) {
    int i = from;
    while (i < end && b[i] != wanted) {
      i++;
    }
    return i < end ? i : -1;
  }

  private static int oneOrTwoDigits(byte[] b, int from, int to) {
    return to - from == 1 || to - from == 2 ? digits(b, from, to - from) : -1;
  }

  /** Returns the cache slot of a day, or -1 if the date does not exist. */
  private int day(int year, int month, int dayOfMonth) {
    int number = year * 10_000 + month * 100 + dayOfMonth;
    int slot = number & DAYS - 1;
    if (days[slot] != number) {
      LocalDate date;
      try {
        date = LocalDate.of(year, month, dayOfMonth);
      } catch (DateTimeException e) {
        return -1;
      }
      days[slot] = number;
      isoDayOfMonth = NO_DAY;
      midnights[slot] = date.toEpochDay() * 86_400;
      offsets[slot] = offsetOfWhole(date);
    }
    return slot;
  }

  private int offsetOfWhole(LocalDate date) {
    // One day of margin on either side finds any change within the day, at any offset.
    ZoneOffset offset = rules.getOffset(date.atStartOfDay().minusDays(1).toInstant(ZoneOffset.UTC));
    ZoneOffsetTransition change =
        rules.nextTransition(date.atStartOfDay().minusDays(1).toInstant(ZoneOffset.UTC));
    boolean whole =
        change == null
            || change
                .getInstant()
                .isAfter(date.atStartOfDay().plusDays(2).toInstant(ZoneOffset.UTC));
    return whole ? offset.getTotalSeconds() : NO_OFFSET;
  }

  /** Resolves a time without an offset on the day in a cache slot. */
  private void resolve(int slot, int secondOfDay) {
    if (offsets[slot] != NO_OFFSET) {
      ambiguous = false;
      epochMillis = (midnights[slot] + secondOfDay - offsets[slot]) * MILLIS_PER_SECOND;
    } else {
      LocalDate date = LocalDate.ofEpochDay(midnights[slot] / 86_400);
      resolve(date.atTime(LocalTime.ofSecondOfDay(secondOfDay)));
    }
  }

  private void resolve(LocalDateTime local) {
    ambiguous = rules.getValidOffsets(local).size() > 1;
    // The offset before the change selects the earlier of two times, and moves a skipped time
    // forward by the length of the gap.
    ZoneOffset before =
        rules.getTransition(local) == null
            ? rules.getOffset(local)
            : rules.getTransition(local).getOffsetBefore();
    epochMillis = local.toEpochSecond(before) * MILLIS_PER_SECOND;
  }

  /**
   * Returns the offset {@code Z}, {@code +HH}, {@code +HHmm} or {@code +HH:mm} in seconds, or
   * {@link #NO_OFFSET} if the bytes are not an offset. The offset must end at {@code end}.
   */
  private static int offset(byte[] b, int start, int end) {
    int length = end - start;
    if (length == 1 && b[start] == 'Z') {
      return 0;
    }
    if ((b[start] != '+' && b[start] != '-') || (length != 3 && length != 5 && length != 6)) {
      return NO_OFFSET;
    }
    if (length == 6 && b[start + 3] != ':') {
      return NO_OFFSET;
    }
    int hours = digits(b, start + 1, 2);
    int minutes = length == 3 ? 0 : digits(b, end - 2, 2);
    if ((hours | minutes) < 0 || minutes > 59 || hours * 60 + minutes > 18 * 60) {
      return NO_OFFSET;
    }
    int seconds = hours * 3600 + minutes * 60;
    return b[start] == '-' ? -seconds : seconds;
  }

  /** Returns the value of the digits, or -1 if any of the bytes is not a digit. */
  private static int digits(byte[] b, int from, int count) {
    int number = 0;
    for (int i = from; i < from + count; i++) {
      int digit = b[i] - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      number = number * 10 + digit;
    }
    return number;
  }
}
