package io.callstream.dashboard;

import static java.time.DayOfWeek.MONDAY;
import static java.time.DayOfWeek.THURSDAY;
import static java.time.Month.FEBRUARY;
import static java.time.Month.JANUARY;
import static java.time.Month.MAY;
import static java.time.Month.NOVEMBER;
import static java.time.Month.OCTOBER;
import static java.time.Month.SEPTEMBER;

import io.callstream.pipeline.Pipeline;
import io.callstream.statistic.Baseline;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.Month;
import java.time.ZoneId;
import java.time.temporal.TemporalAdjusters;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Days that are unusual each year, with their names: the holidays of the United States since 1986
 * (5 U.S.C. 6103), the Friday or Monday on which a holiday of the weekend is observed, and the days
 * around them, if a zone is in that country or its territories; and the holidays of baselines.
 *
 * @param american whether the zone is in the United States or its territories
 * @param others the holidays of baselines
 */
record Holidays(boolean american, Set<LocalDate> others) {
  private static final Pattern AMERICAN =
      Pattern.compile(
          "US/.*|(EST5E|CST6C|MST7M|PST8P)DT|America/(Adak|Anchorage|Atka|Boise|Chicago|Denver"
              + "|Detroit|Fort_Wayne|Indiana/.*|Indianapolis|Juneau|Kentucky/.*|Knox_IN|Los_Angeles"
              + "|Louisville|Menominee|Metlakatla|New_York|Nome|North_Dakota/.*|Phoenix|Puerto_Rico"
              + "|Shiprock|Sitka|St_Thomas|Virgin|Yakutat)"
              + "|Pacific/(Guam|Honolulu|Johnston|Midway|Pago_Pago|Saipan|Samoa|Wake)");

  private static final int FIRST_JUNETEENTH = 2021;

  /** Returns the holidays for the results of a pipeline. */
  static Holidays of(Pipeline pipeline) {
    return new Holidays(
        isAmerican(pipeline.format().zone()),
        pipeline.statistics().stream()
            .flatMap(statistic -> statistic.baseline().stream())
            .map(Baseline::holidays)
            .flatMap(Set::stream)
            .collect(Collectors.toSet()));
  }

  static boolean isAmerican(ZoneId zone) {
    return AMERICAN.matcher(zone.getId()).matches();
  }

  /** Returns the name of a holiday; empty for other days. */
  Optional<String> name(LocalDate date) {
    Optional<String> name =
        american ? Optional.ofNullable(ofYear(date.getYear()).get(date)) : Optional.empty();
    return name.or(() -> others.contains(date) ? Optional.of("a holiday") : Optional.empty());
  }

  private static Map<LocalDate, String> ofYear(int year) {
    Map<LocalDate, String> names = new HashMap<>();
    names.put(LocalDate.of(year, 1, 1), "New Year's Day");
    if (year >= FIRST_JUNETEENTH) {
      names.put(LocalDate.of(year, 6, 19), "Juneteenth");
    }
    names.put(LocalDate.of(year, 7, 4), "Independence Day");
    names.put(LocalDate.of(year, 11, 11), "Veterans Day");
    names.put(LocalDate.of(year, 12, 25), "Christmas Day");
    Map.copyOf(names)
        .forEach(
            (day, name) -> {
              switch (day.getDayOfWeek()) {
                case SATURDAY -> names.put(day.minusDays(1), name + ", observed");
                case SUNDAY -> names.put(day.plusDays(1), name + ", observed");
                default -> {}
              }
            });
    LocalDate thanksgiving = nth(4, THURSDAY, NOVEMBER, year);
    names.put(nth(3, MONDAY, JANUARY, year), "Martin Luther King Jr. Day");
    names.put(nth(3, MONDAY, FEBRUARY, year), "Presidents' Day");
    names.put(nth(-1, MONDAY, MAY, year), "Memorial Day");
    names.put(nth(1, MONDAY, SEPTEMBER, year), "Labor Day");
    names.put(nth(2, MONDAY, OCTOBER, year), "Indigenous Peoples' and Columbus Day");
    names.put(LocalDate.of(year, 10, 31), "Halloween");
    names.put(thanksgiving, "Thanksgiving");
    names.put(thanksgiving.plusDays(1), "the day after Thanksgiving");
    names.put(LocalDate.of(year, 12, 24), "Christmas Eve");
    names.put(LocalDate.of(year, 12, 31), "New Year's Eve");
    return names;
  }

  /** Returns the n-th day of the week of a month; -1 is the last one. */
  private static LocalDate nth(int n, DayOfWeek day, Month month, int year) {
    return LocalDate.of(year, month, 1).with(TemporalAdjusters.dayOfWeekInMonth(n, day));
  }
}
