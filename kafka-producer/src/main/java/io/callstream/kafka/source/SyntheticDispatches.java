package io.callstream.kafka.source;

import io.callstream.kafka.source.RandomValues.Weighted;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.zone.ZoneOffsetTransition;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/*
 * Generates the members of synthetic calls in the format of the current feeds, other than the id.
 *
 * A call is received, entered, dispatched, under way, at the scene and closed, in this order. Each of
 * these steps takes a time whose logarithm has a normal distribution. Its median depends on the
 * priority. A call that an officer on patrol starts has no dispatch. A call that is canceled has no
 * dispatch either, and no arrival. Some calls end before a unit arrives.
 */
final class SyntheticDispatches {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.000");

  /** Code, description, usual priority, whether officers start most of the calls, weight. */
  private static final String[] TYPES =
      """
      903|PASSING CALL|C|Y|1500
      585|TRAFFIC STOP|B|Y|720
      587|TRAF VIOLATION CITE|C|Y|500
      917|SUSPICIOUS PERSON|C|N|520
      915|HOMELESS COMPLAINT|C|N|420
      601|TRESPASSER|C|N|400
      100A|AUDIBLE ALARM|B|N|380
      910|WELL BEING CHECK|B|N|400
      909|MEET W/CITIZEN|C|N|300
      418|FIGHT NO WEAPON|B|N|290
      415|NOISE NUISANCE|C|N|280
      916|SUSPICIOUS VEHICLE|C|N|270
      459|BURGLARY|C|N|230
      488|PETTY THEFT|B|N|230
      852|AUTO BOOST / STRIP|A|N|230
      800|MENTALLY DISTURBED|A|N|220
      586|TRAFFIC HAZARD|B|N|200
      594|VANDALISM|A|N|160
      851|STOLEN VEHICLE|C|N|150
      650|THREATS / HARASSMENT|B|N|150
      913|COMPLAINT UNKN|B|N|150
      240|ASSAULT / BATTERY|A|N|150
      487|GRAND THEFT|C|N|130
      919|SIT/LIE ENFORCEMENT|C|N|120
      518|VEH ACCIDENT|B|N|110
      519|INJURY VEH ACCIDENT|A|N|90
      904|MEET W/OFFICER|B|N|80
      905|MEET W/CITY EMPLOYEE|B|N|80
      212|STRONGARM ROBBERY|A|N|70
      5150|PSYCH EVAL / HOLD|B|N|60
      602|PERSON BREAKING IN|A|N|60
      918|PERSON SCREAMING|A|N|50
      211|ROBBERY|A|N|50
      801|SUICIDE ATTEMPT|A|N|50
      222|PERSON W/KNIFE|A|N|40
      520|AIDED CASE|C|N|40
      221|PERSON W/GUN|A|N|30
      100P|PANIC ALARM|A|N|30
      219|STABBING|A|N|10
      000|MISC|I|N|60
      """
          .lines()
          .toArray(String[]::new);

  /** Seconds, in the order A, B, C, I. */
  private static final double[] MEDIAN_WAITS = {100, 420, 1_500, 2_400};

  private static final double[] MEDIAN_TRAVELS = {230, 330, 420, 420};
  private static final String PRIORITIES = "ABCI";

  private final Random random;
  private final Map<String, String[]> partsOfTypes = new HashMap<>();
  private final Weighted types;
  private final SyntheticPlaces places;
  private final SyntheticText text;

  SyntheticDispatches(Random random) {
    this.random = random;
    places = new SyntheticPlaces(random);
    text = new SyntheticText(random);
    double[] weights = new double[TYPES.length];
    for (int i = 0; i < weights.length; i++) {
      String[] parts = TYPES[i].split("\\|");
      partsOfTypes.put(TYPES[i], parts);
      weights[i] = Double.parseDouble(parts[4]);
    }
    types = new Weighted(TYPES, weights);
  }

  private String[] type() {
    return Objects.requireNonNull(partsOfTypes.get(types.draw(random)));
  }

  /** Appends the members of a call that is received at a time. */
  void append(StringBuilder json, Instant received) {
    String[] original = type();
    boolean onView = random.nextDouble() < (original[3].equals("Y") ? 0.95 : 0.05);
    String[] last = !onView && random.nextDouble() < 0.12 ? type() : original;
    int priority = PRIORITIES.indexOf(original[2]);
    if (priority < 3 && random.nextDouble() < 0.1) {
      priority = random.nextInt(3);
    }
    int lastPriority = random.nextDouble() < 0.05 ? random.nextInt(3) : priority;
    String disposition = text.disposition();
    Instant closed = appendTimes(json, received, priority, onView, disposition.equals("CAN"));
    appendType(json, "original", original, priority);
    appendType(json, "final", last, lastPriority);
    append(json, "agency", random.nextDouble() < 0.98 ? "Police" : "Sheriff");
    if (!disposition.equals("Not recorded")) {
      append(json, "disposition", disposition);
    }
    append(json, "onview_flag", onView ? "Y" : "N");
    json.append(",\"sensitive_call\":").append(random.nextDouble() < 0.03);
    json.append(',').append(places.next(random));
    append(json, "call_last_updated_at", time(closed.plusSeconds(60)));
    append(json, "data_as_of", time(closed.plusSeconds(600)));
    append(json, "data_loaded_at", time(closed.plusSeconds(900)));
  }

  /** Appends the times of a call, and returns the last one. */
  private Instant appendTimes(
      StringBuilder json, Instant received, int priority, boolean onView, boolean isCanceled) {
    append(json, "received_datetime", time(received));
    Instant entered = onView ? received : after(received, 50, 0.6);
    append(json, "entry_datetime", time(entered));
    Instant last = entered;
    if (onView) {
      append(json, "onscene_datetime", time(last));
    } else if (!isCanceled) {
      last = after(last, MEDIAN_WAITS[priority], priority == 0 ? 0.8 : 1.1);
      append(json, "dispatch_datetime", time(last));
      last = after(last, 12, 0.9);
      append(json, "enroute_datetime", time(last));
      if (random.nextDouble() < 0.93) {
        last = after(last, MEDIAN_TRAVELS[priority], 0.6);
        append(json, "onscene_datetime", time(last));
      }
    }
    last = after(last, onView ? 500 : isCanceled ? 900 : 1_300, 1);
    append(json, "close_datetime", time(last));
    return last;
  }

  /** Returns a time after another one, by at most twelve hours. */
  private Instant after(Instant time, double medianSeconds, double deviation) {
    // StrictMath gives the same result on every machine.
    double seconds = medianSeconds * StrictMath.exp(deviation * random.nextGaussian());
    return time.plusSeconds(Math.min(43_200, Math.round(seconds)));
  }

  /**
   * Returns the time of a wall clock. In the second occurrence of an hour, it is the end of that
   * hour, because readers take a time without an offset for the first occurrence, which may be
   * before the previous time of the call.
   */
  private static String time(Instant time) {
    ZonedDateTime local = time.atZone(CallClock.ZONE);
    LocalDateTime wall = local.toLocalDateTime();
    ZoneOffset offset = local.getOffset();
    ZoneOffsetTransition change = CallClock.ZONE.getRules().getTransition(wall);
    boolean isSecond =
        change != null && change.isOverlap() && offset.equals(change.getOffsetAfter());
    return TIME.format(isSecond ? change.getDateTimeBefore() : wall);
  }

  private static void appendType(StringBuilder json, String which, String[] type, int priority) {
    append(json, "call_type_" + which, type[0]);
    append(json, "call_type_" + which + "_desc", type[1]);
    append(json, "priority_" + which, PRIORITIES.substring(priority, priority + 1));
  }

  private static void append(StringBuilder json, String name, String value) {
    json.append(",\"").append(name).append("\":\"").append(value).append('"');
  }
}
