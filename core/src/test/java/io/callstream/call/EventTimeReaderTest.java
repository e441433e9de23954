package io.callstream.call;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.zone.ZoneOffsetTransition;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventTimeReaderTest {
  private static final List<TimePattern> PORTAL =
      TimePattern.of(List.of(TimePattern.ISO, TimePattern.PORTAL));

  private static final ZoneId LOS_ANGELES = ZoneId.of("America/Los_Angeles");

  private static final List<String> ZONES =
      List.of(
          "America/Los_Angeles",
          "Europe/London",
          "Australia/Lord_Howe",
          "Pacific/Apia",
          "Africa/Casablanca",
          "America/Sao_Paulo",
          "Asia/Kathmandu",
          "America/St_Johns",
          "Pacific/Kwajalein",
          "Africa/Monrovia",
          "Asia/Manila",
          "America/Juneau",
          "UTC");

  private static final List<String> PATTERNS =
      List.of(
          "uuuu-MM-dd'T'HH:mm",
          "uuuu-MM-dd HH:mm",
          "uuuu-MM-dd'T'HH:mm:ss",
          "uuuu-MM-dd HH:mm:ss.S",
          "uuuu-MM-dd'T'HH:mm:ss.SS",
          "uuuu-MM-dd'T'HH:mm:ss.SSS",
          "uuuu-MM-dd'T'HH:mm:ss.SSSSSS",
          "uuuu-MM-dd HH:mm:ss.SSSSSSSSS");

  private static boolean reads(EventTimeReader reader, String text) {
    byte[] bytes = Records.bytes("\"" + text + "\"");
    return reader.read(bytes, 1, bytes.length - 1);
  }

  private static Instant read(ZoneId zone, String text) {
    EventTimeReader reader = new EventTimeReader(zone, TimePattern.of(List.of()));
    assertThat(reads(reader, text)).as(text).isTrue();
    return Instant.ofEpochMilli(reader.epochMillis());
  }

  @Provide
  Arbitrary<ZoneId> zones() {
    return Arbitraries.of(ZONES).map(ZoneId::of);
  }

  /** Returns a random local time; half of them are within a day of a change of the clocks. */
  private static LocalDateTime localTime(Random random, ZoneId zone) {
    if (random.nextBoolean()) {
      Instant after = Instant.ofEpochSecond((long) ((random.nextDouble() - 0.6) * 6_000_000_000L));
      ZoneOffsetTransition change = zone.getRules().nextTransition(after);
      if (change != null && change.getDateTimeBefore().getYear() > 0) {
        long reach = 2 * Math.abs(change.getDuration().toMillis()) + 60_000;
        long millis = (long) ((random.nextDouble() - 0.5) * 2 * reach);
        return change.getDateTimeBefore().plusNanos(millis * 1_000_000);
      }
    }
    return LocalDate.ofEpochDay(
            random.nextInt((int) LocalDate.of(9_999, 12, 31).toEpochDay() + 719_162) - 719_162)
        .atTime(LocalTime.ofNanoOfDay((long) (random.nextDouble() * 86_400_000_000_000L)));
  }

  @Property(tries = 20_000, shrinking = ShrinkingMode.OFF)
  @Label("reads a time without an offset as java.time does in the zone")
  void localTimes(@ForAll("zones") ZoneId zone, @ForAll long seed) {
    Random random = new Random(seed);
    EventTimeReader reader = new EventTimeReader(zone, TimePattern.of(List.of()));
    for (int i = 0; i < 5; i++) {
      String pattern = PATTERNS.get(random.nextInt(PATTERNS.size()));
      String text =
          DateTimeFormatter.ofPattern(pattern, Locale.ROOT).format(localTime(random, zone));
      LocalDateTime local = LocalDateTime.parse(text.replace(' ', 'T'));
      LocalDateTime expected = local.withNano(local.getNano() / 1_000_000 * 1_000_000);

      assertThat(reads(reader, text)).as(text).isTrue();
      assertThat(Instant.ofEpochMilli(reader.epochMillis()))
          .as("%s in %s", text, zone)
          .isEqualTo(expected.atZone(zone).withEarlierOffsetAtOverlap().toInstant());
      assertThat(reader.ambiguous())
          .as("%s in %s", text, zone)
          .isEqualTo(zone.getRules().getValidOffsets(expected).size() > 1);
    }
  }

  @Property(tries = 5_000, shrinking = ShrinkingMode.OFF)
  @Label("reads a time with an offset as java.time does, and it is never ambiguous")
  void timesWithOffsets(@ForAll long seed) {
    Random random = new Random(seed);
    EventTimeReader reader = new EventTimeReader(LOS_ANGELES, TimePattern.of(List.of()));
    LocalDateTime local = localTime(random, LOS_ANGELES).withNano(0);
    int minutes = random.nextInt(18 * 60 + 1);
    String sign = random.nextBoolean() ? "+" : "-";
    String offset =
        switch (random.nextInt(4)) {
          case 0 -> "Z";
          case 1 -> String.format("%s%02d", sign, minutes / 60);
          case 2 -> String.format("%s%02d%02d", sign, minutes / 60, minutes % 60);
          default -> String.format("%s%02d:%02d", sign, minutes / 60, minutes % 60);
        };
    String text = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss").format(local) + offset;

    assertThat(reads(reader, text)).as(text).isTrue();
    long shift =
        switch (offset.length()) {
          case 1 -> 0;
          case 3 -> minutes / 60 * 60;
          default -> minutes;
        };
    Instant utc =
        Instant.parse(DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss'Z'").format(local));
    assertThat(Instant.ofEpochMilli(reader.epochMillis()))
        .as(text)
        .isEqualTo(utc.plusSeconds(sign.equals("+") ? -60 * shift : 60 * shift));
    assertThat(reader.ambiguous()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    // An hour that occurs twice: the earlier one. The times around it occur once.
    "America/Los_Angeles, 2018-11-04T00:59:59.999, 2018-11-04T07:59:59.999Z, false",
    "America/Los_Angeles, 2018-11-04T01:00, 2018-11-04T08:00:00Z, true",
    "America/Los_Angeles, 2018-11-04T01:59:59.999, 2018-11-04T08:59:59.999Z, true",
    "America/Los_Angeles, 2018-11-04T02:00, 2018-11-04T10:00:00Z, false",
    // An hour that is skipped: moved forward by the length of the gap.
    "America/Los_Angeles, 2018-03-11T01:59, 2018-03-11T09:59:00Z, false",
    "America/Los_Angeles, 2018-03-11T02:00, 2018-03-11T10:00:00Z, false",
    "America/Los_Angeles, 2018-03-11T02:30, 2018-03-11T10:30:00Z, false",
    "America/Los_Angeles, 2018-03-11T03:30, 2018-03-11T10:30:00Z, false",
    // A change of half an hour.
    "Australia/Lord_Howe, 2018-04-01T01:30, 2018-03-31T14:30:00Z, true",
    "Australia/Lord_Howe, 2018-04-01T01:29, 2018-03-31T14:29:00Z, false",
    "Australia/Lord_Howe, 2018-10-07T02:10, 2018-10-06T15:40:00Z, false",
    // A whole day is skipped.
    "Pacific/Apia, 2011-12-29T23:59, 2011-12-30T09:59:00Z, false",
    "Pacific/Apia, 2011-12-30T12:00, 2011-12-30T22:00:00Z, false",
    "Pacific/Apia, 2011-12-31T00:00, 2011-12-30T10:00:00Z, false",
    // A change at midnight.
    "America/Sao_Paulo, 2018-11-04T00:00, 2018-11-04T03:00:00Z, false",
    "America/Sao_Paulo, 2018-02-17T23:30, 2018-02-18T01:30:00Z, true",
    "Asia/Kathmandu, 2018-01-01T00:00, 2017-12-31T18:15:00Z, false",
  })
  void changesOfClocks(String zone, String text, Instant time, boolean ambiguous) {
    EventTimeReader reader = new EventTimeReader(ZoneId.of(zone), TimePattern.of(List.of()));
    assertThat(reads(reader, text)).isTrue();
    assertThat(Instant.ofEpochMilli(reader.epochMillis())).isEqualTo(time);
    assertThat(reader.ambiguous()).isEqualTo(ambiguous);
  }

  @Test
  void readsADayAgainAfterAnotherDayTookItsSlot() {
    EventTimeReader reader = new EventTimeReader(LOS_ANGELES, PORTAL);
    for (int i = 0; i < 2; i++) {
      assertThat(reads(reader, "2018-10-22T12:00")).isTrue();
      assertThat(Instant.ofEpochMilli(reader.epochMillis())).isEqualTo("2018-10-22T19:00:00Z");
      // The numbers 20181022 and 20191006 differ by a multiple of the number of slots.
      assertThat(reads(reader, "10/06/2019 12:00 PM")).isTrue();
      assertThat(Instant.ofEpochMilli(reader.epochMillis())).isEqualTo("2019-10-06T19:00:00Z");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\0\0\0\0\0\0\0\00000T12:00",
        "2018-10-00T12:00",
        "2018-10-0xT12:00",
        "2018-1x-02T12:00",
        "2018-10/02T12:00",
        "2018/10-02T12:00"
      })
  void rejectsAWrongDayBeforeAndAfterARightOne(String text) {
    EventTimeReader reader = new EventTimeReader(LOS_ANGELES, TimePattern.of(List.of()));
    assertThat(reads(reader, text)).isFalse();
    assertThat(reads(reader, "2018-10-02T12:00")).isTrue();
    assertThat(reads(reader, text)).isFalse();
  }

  @Test
  void anOffsetSelectsOneOfTwoHours() {
    EventTimeReader reader = new EventTimeReader(LOS_ANGELES, TimePattern.of(List.of()));
    assertThat(reads(reader, "2018-11-04T01:30")).isTrue();
    assertThat(reader.ambiguous()).isTrue();
    assertThat(reads(reader, "2018-11-04T01:30-08:00")).isTrue();
    assertThat(reader.ambiguous()).isFalse();
    assertThat(Instant.ofEpochMilli(reader.epochMillis())).isEqualTo("2018-11-04T09:30:00Z");
  }

  @Test
  void truncatesTheFractionToTheMillisecond() {
    assertThat(read(LOS_ANGELES, "2018-01-01T00:00:00.1")).isEqualTo("2018-01-01T08:00:00.100Z");
    assertThat(read(LOS_ANGELES, "2018-01-01T00:00:00.01")).isEqualTo("2018-01-01T08:00:00.010Z");
    assertThat(read(LOS_ANGELES, "2018-01-01T00:00:00.001")).isEqualTo("2018-01-01T08:00:00.001Z");
    assertThat(read(LOS_ANGELES, "2018-01-01T00:00:00.0009")).isEqualTo("2018-01-01T08:00:00Z");
    assertThat(read(LOS_ANGELES, "2018-01-01T00:00:00.999999999"))
        .isEqualTo("2018-01-01T08:00:00.999Z");
    assertThat(read(ZoneId.of("UTC"), "1969-12-31T23:59:59.999999999"))
        .isEqualTo("1969-12-31T23:59:59.999Z");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "2018",
        "2018-01-01",
        "2018-01-01T",
        "2018-01-01T00",
        "2018-01-01T00:",
        "2018-01-01T00:0",
        "2018-1-01T00:00",
        "2018-01-1T00:00",
        "18-01-01T00:00",
        "2018-01-01T0:00",
        "2018-01-01T00:00:0",
        "2018-01-01T00:00:",
        "2018-00-01T00:00",
        "2018-13-01T00:00",
        "2018-01-00T00:00",
        "2018-01-32T00:00",
        "2018-02-29T00:00",
        "2018-02-30T00:00",
        "2018-04-31T00:00",
        "1900-02-29T00:00",
        "2018-01-01T24:00",
        "2018-01-01T25:00",
        "2018-01-01T00:60",
        "2018-01-01T00:00:60",
        "2016-12-31T23:59:60Z",
        "2018-01-01T00:00:00.",
        "2018-01-01T00:00.5",
        "2018-01-01T00:00:00.0000000000",
        "2018-01-01T00:00:00,5",
        "2018-01-01T00:00:00.5.5",
        "2018-01-01t00:00",
        "2018-01-01T00:00z",
        "2018-01-01T00:00ZZ",
        "2018-01-01T00:00 Z",
        " 2018-01-01T00:00",
        "2018-01-01T00:00 ",
        "2018-01-01T00:00x",
        "2018-01-01T00:00:00 PM",
        "2018-01-01  00:00",
        "2018-01-01_00:00",
        "2018/01/01T00:00",
        "2018-01-01T00.00",
        "2018-01-01T00:00+",
        "2018-01-01T00:00+1",
        "2018-01-01T00:00+123",
        "2018-01-01T00:00+1:00",
        "2018-01-01T00:00+19:00",
        "2018-01-01T00:00+18:01",
        "2018-01-01T00:00+00:60",
        "2018-01-01T00:00+00:0",
        "2018-01-01T00:00+00-00",
        "2018-01-01T00:00+0a",
        "2018-01-01T00:00+01:00:00",
        "2018-01-01T00:00[UTC]",
        "+2018-01-01T00:00",
        "-018-01-01T00:00",
        "12018-01-01T00:00",
        "2018-01-01T-1:00",
        "2018-01-01T00:-1",
        "01/22/2017 05:36:31 PM",
        "20180101T000000",
        "2018-W01-1T00:00",
        "2018-001T00:00:00",
        "\u0662\u0660\u0661\u0668-01-01T00:00",
        "yyyy-MM-ddTHH:mm",
        "null",
        "1545267420000"
      })
  void rejectsInvalidTimes(String text) {
    assertThat(reads(new EventTimeReader(LOS_ANGELES, TimePattern.of(List.of())), text)).isFalse();
  }

  @Test
  void anInvalidTimeDoesNotAffectTheNext() {
    EventTimeReader reader = new EventTimeReader(LOS_ANGELES, TimePattern.of(List.of()));
    for (String none : List.of("2018-02-30T00:00", "0000-00-00T00:00", "2018-01-01T00:00+99:99")) {
      assertThat(reads(reader, none)).isFalse();
      assertThat(reads(reader, "2018-07-01T00:00")).isTrue();
      assertThat(Instant.ofEpochMilli(reader.epochMillis())).isEqualTo("2018-07-01T07:00:00Z");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "01/22/2017 05:36:31 PM, 2017-01-23T01:36:31Z, false",
    "1/2/2017 5:06:01 AM, 2017-01-02T13:06:01Z, false",
    "2025/10/26 08:56:38 AM, 2025-10-26T15:56:38Z, false",
    "2025/1/6 8:56 PM, 2025-01-07T04:56:00Z, false",
    "10/26/2025 12:00:00 AM, 2025-10-26T07:00:00Z, false",
    "10/26/2025 12:00:00 PM, 2025-10-26T19:00:00Z, false",
    "10/26/2025 12:59 AM, 2025-10-26T07:59:00Z, false",
    // One hour occurs twice, another is skipped.
    "11/04/2018 01:30:00 AM, 2018-11-04T08:30:00Z, true",
    "11/04/2018 01:30:00 PM, 2018-11-04T21:30:00Z, false",
    "03/11/2018 02:30:00 AM, 2018-03-11T10:30:00Z, false",
  })
  void readsTimesOfThePortalsExports(String text, Instant time, boolean ambiguous) {
    EventTimeReader reader = new EventTimeReader(LOS_ANGELES, PORTAL);
    assertThat(reads(reader, text)).isTrue();
    assertThat(Instant.ofEpochMilli(reader.epochMillis())).isEqualTo(time);
    assertThat(reader.ambiguous()).isEqualTo(ambiguous);
    assertThat(reads(new EventTimeReader(LOS_ANGELES, TimePattern.of(List.of())), text)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "01/22/2017 05:36:31",
        "01/22/2017 17:36:31 PM",
        "01/22/2017 00:36:31 AM",
        "01/22/2017 13:36:31 AM",
        "13/22/2017 05:36:31 PM",
        "02/30/2017 05:36:31 PM",
        "001/22/2017 05:36:31 PM",
        "01/22/17 05:36:31 PM",
        "01/22/2017 005:36:31 PM",
        "01/22/2017 05:6:31 PM",
        "01/22/2017 05:36:1 PM",
        "01/22/2017 05:60:31 PM",
        "01/22/2017 05:36:60 PM",
        "01/22/2017 05:36:31PM",
        "01/22/2017 05:36:31 XM",
        "01/22/2017 05:36:31 PM ",
        "01/22/2017 05:36:31 PM Z",
        "01/22/2017 05:36:31.5 PM",
        " 01/22/2017 05:36:31 PM",
        "2017/01/22/ 05:36:31 PM",
        "2017/01 05:36:31 PM xx",
        "//// :::: PM PM PM PM",
        "2017-01-22 05:36:31 PM",
        "01-22-2017 05:36:31 PM",
      })
  void rejectsInvalidTimesOfThePortalsExports(String text) {
    assertThat(reads(new EventTimeReader(LOS_ANGELES, PORTAL), text)).isFalse();
  }

  @Property(tries = 5_000, shrinking = ShrinkingMode.OFF)
  @Label("reads a time of the portal's exports as java.time does in the zone")
  void timesOfThePortal(@ForAll("zones") ZoneId zone, @ForAll long seed) {
    LocalDateTime local = localTime(new Random(seed), zone);
    EventTimeReader portal = new EventTimeReader(zone, PORTAL);
    for (String pattern : List.of("MM/dd/uuuu hh:mm:ss a", "uuuu/M/d h:mm:ss a")) {
      String text = DateTimeFormatter.ofPattern(pattern, Locale.US).format(local);
      assertThat(reads(portal, text)).as(text).isTrue();
      assertThat(Instant.ofEpochMilli(portal.epochMillis()))
          .as(text)
          .isEqualTo(ZonedDateTime.of(local.withNano(0), zone).toInstant());
    }
  }
}
