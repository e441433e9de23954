package io.callstream.statistic;

import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.call.Position;
import java.time.Instant;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Common dimensions. */
public final class Dimensions {
  /** The call type exactly as the source wrote it, in the column {@code crime_type}. */
  public static final Dimension CRIME_TYPE = Dimension.of("crime_type", Fields.TYPE);

  /** The disposition code, in the column {@code disposition}. */
  public static final Dimension DISPOSITION = Dimension.of("disposition", Fields.DISPOSITION);

  /** The address, in the column {@code address}. */
  public static final Dimension ADDRESS = Dimension.of("address", Fields.ADDRESS);

  /** The city, in the column {@code city}. */
  public static final Dimension CITY = Dimension.of("city", Fields.CITY);

  /** The dispatcher's priority, in the column {@code priority}. */
  public static final Dimension PRIORITY = Dimension.of("priority", Fields.PRIORITY);

  /** The police district, in the column {@code district}. */
  public static final Dimension DISTRICT = Dimension.of("district", Fields.DISTRICT);

  /** The neighborhood, in the column {@code neighborhood}. */
  public static final Dimension NEIGHBORHOOD = Dimension.of("neighborhood", Fields.NEIGHBORHOOD);

  /**
   * Whether an officer on patrol started the call, in the column {@code on_view}: {@code true},
   * {@code false}, or empty if the call does not state it.
   */
  public static final Dimension ON_VIEW =
      Dimension.of(
          "on_view",
          Set.of(Fields.ON_VIEW),
          call ->
              call.isPresent(Fields.ON_VIEW)
                  ? Boolean.toString(call.longValue(Fields.ON_VIEW) == 1)
                  : "");

  /**
   * The hexagon that contains the position of the call, in the column {@code hexagon}: a text such
   * as {@code -25987,9021}, the axial coordinates of {@link Hexagons}. Empty without a position.
   */
  public static final Dimension HEXAGON =
      Dimension.of(
          "hexagon",
          Set.of(Fields.POSITION),
          call -> {
            Position position = call.get(Fields.POSITION);
            return position == null ? "" : Hexagons.at(position);
          });

  static final String DAY_OF_WEEK = "day_of_week";

  private static final long SECONDS_PER_DAY = 86_400;

  private Dimensions() {}

  /**
   * Returns the local day of the week of the event time, from 1 (Monday) to 7 (Sunday), in the
   * column {@code day_of_week}.
   */
  public static Dimension dayOfWeek(ZoneId zone) {
    return Dimension.ofTime(
        DAY_OF_WEEK,
        zone,
        () ->
            new LocalTimeExtractor(
                // 1970-01-01 was a Thursday.
                zone,
                second -> (int) Math.floorMod(Math.floorDiv(second, SECONDS_PER_DAY) + 3, 7L) + 1));
  }

  /** Returns the local hour of the event time, from 0 to 23, in the column {@code hour_of_day}. */
  public static Dimension hourOfDay(ZoneId zone) {
    return Dimension.ofTime(
        "hour_of_day",
        zone,
        () ->
            new LocalTimeExtractor(
                zone, second -> (int) (Math.floorMod(second, SECONDS_PER_DAY) / 3_600)));
  }

  private interface LocalSecond {
    int valueAt(long localSecond);
  }

  /** Caches the current offset and the interval in which it applies. */
  private static final class LocalTimeExtractor implements Function<Call, String> {
    private static final String[] NUMBERS =
        IntStream.range(0, 24).mapToObj(Integer::toString).toArray(String[]::new);

    private final ZoneRules rules;
    private final LocalSecond value;
    private long from = Long.MAX_VALUE;
    private long until = Long.MIN_VALUE;
    private int offset;

    LocalTimeExtractor(ZoneId zone, LocalSecond value) {
      this.rules = zone.getRules();
      this.value = value;
    }

    @Override
    public String apply(Call call) {
      long second = Math.floorDiv(call.epochMillis(), 1_000L);
      if (second < from || second >= until) {
        find(Instant.ofEpochSecond(second));
      }
      return NUMBERS[value.valueAt(second + offset)];
    }

    private void find(Instant instant) {
      offset = rules.getOffset(instant).getTotalSeconds();
      from = instant.getEpochSecond();
      ZoneOffsetTransition change = rules.nextTransition(instant);
      until = change == null ? Long.MAX_VALUE : change.getInstant().getEpochSecond();
    }
  }
}
