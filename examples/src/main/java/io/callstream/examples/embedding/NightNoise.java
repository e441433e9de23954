package io.callstream.examples.embedding;

import io.callstream.call.Call;
import io.callstream.call.Fields;
import io.callstream.statistic.Dimension;
import io.callstream.statistic.Dimensions;
import io.callstream.statistic.Measures;
import io.callstream.statistic.Statistic;
import io.callstream.statistic.Windows;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Set;

/** A custom statistic: noise calls at night, by street, type and day. */
public final class NightNoise {
  /** The name of the statistic. */
  public static final String NAME = "night-noise";

  /** The street of a block or a crossing: {@code Market St} for {@code 100 Block Of Market St}. */
  public static final Dimension STREET =
      Dimension.of("street", Set.of(Fields.ADDRESS), NightNoise::street);

  private static final ZoneId ZONE = ZoneId.of("America/Los_Angeles");
  private static final int MORNING = 6;
  private static final int EVENING = 22;

  private NightNoise() {}

  /** Returns the statistic. */
  public static Statistic statistic() {
    return Statistic.named(NAME)
        .where(Set.of(Fields.TYPE), NightNoise::isNightNoise)
        .by(STREET, Dimensions.CRIME_TYPE)
        .over(Windows.daily(ZONE).allowingLateness(Duration.ofHours(1)))
        .measuring(Measures.count(), Measures.share())
        .build();
  }

  private static boolean isNightNoise(Call call) {
    int hour = call.time().atZone(ZONE).getHour();
    return (hour >= EVENING || hour < MORNING) && call.type().contains("Noise");
  }

  private static String street(Call call) {
    String address = call.address();
    int block = address.indexOf(" Block Of ");
    if (block >= 0) {
      return address.substring(block + " Block Of ".length());
    }
    int crossing = address.indexOf('/');
    return crossing >= 0 ? address.substring(0, crossing) : address;
  }
}
