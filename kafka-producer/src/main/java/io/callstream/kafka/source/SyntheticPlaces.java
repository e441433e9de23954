package io.callstream.kafka.source;

import io.callstream.kafka.source.RandomValues.Weighted;
import java.util.Locale;
import java.util.Random;

/**
 * Generates the intersections of synthetic calls in the format of the current feeds. Each is inside
 * San Francisco, near the center of its neighborhood, and has the police district and the
 * supervisor district of the center. The streets of its name are any two of the city.
 */
final class SyntheticPlaces {
  private static final int PER_NEIGHBORHOOD = 60;

  /** The radius of the intersections of a neighborhood: about 300 m. */
  private static final double RADIUS_DEGREES = 0.003;

  /** Neighborhood, police district, supervisor district, latitude, longitude, calls in 10,000. */
  private static final String[] NEIGHBORHOODS =
      """
      Tenderloin|TENDERLOIN|5|37.7837|-122.4145|1150
      Mission|MISSION|9|37.7600|-122.4180|1100
      South of Market|SOUTHERN|6|37.7765|-122.4080|800
      Financial District/South Beach|CENTRAL|3|37.7905|-122.3995|700
      Bayview Hunters Point|BAYVIEW|10|37.7340|-122.3900|650
      Western Addition|NORTHERN|5|37.7815|-122.4310|370
      Castro/Upper Market|MISSION|8|37.7620|-122.4360|330
      Nob Hill|CENTRAL|3|37.7920|-122.4140|330
      Sunset/Parkside|TARAVAL|4|37.7500|-122.4900|360
      North Beach|CENTRAL|3|37.8025|-122.4095|290
      Hayes Valley|NORTHERN|5|37.7755|-122.4260|280
      Potrero Hill|BAYVIEW|10|37.7590|-122.3980|270
      Outer Richmond|RICHMOND|1|37.7770|-122.4940|250
      Mission Bay|SOUTHERN|6|37.7725|-122.3920|240
      Excelsior|INGLESIDE|11|37.7230|-122.4280|240
      Marina|NORTHERN|2|37.8000|-122.4370|230
      Chinatown|CENTRAL|3|37.7950|-122.4070|220
      Haight Ashbury|PARK|5|37.7700|-122.4460|220
      Bernal Heights|INGLESIDE|9|37.7410|-122.4150|210
      Outer Mission|INGLESIDE|11|37.7190|-122.4430|180
      Russian Hill|CENTRAL|2|37.8000|-122.4190|180
      West of Twin Peaks|TARAVAL|7|37.7370|-122.4580|180
      Lakeshore|TARAVAL|7|37.7270|-122.4840|170
      Inner Sunset|PARK|7|37.7600|-122.4660|160
      Pacific Heights|NORTHERN|2|37.7920|-122.4340|160
      Inner Richmond|RICHMOND|1|37.7800|-122.4640|160
      Visitacion Valley|INGLESIDE|10|37.7150|-122.4080|150
      Oceanview/Merced/Ingleside|TARAVAL|11|37.7180|-122.4570|140
      Portola|INGLESIDE|9|37.7270|-122.4070|130
      Lone Mountain/USF|RICHMOND|1|37.7780|-122.4500|120
      Noe Valley|MISSION|8|37.7500|-122.4330|110
      Golden Gate Park|RICHMOND|1|37.7700|-122.4800|110
      Japantown|NORTHERN|5|37.7855|-122.4300|90
      Presidio Heights|RICHMOND|2|37.7870|-122.4510|60
      Treasure Island|SOUTHERN|6|37.8240|-122.3710|60
      Twin Peaks|PARK|8|37.7520|-122.4480|50
      Glen Park|INGLESIDE|8|37.7370|-122.4330|50
      Presidio|RICHMOND|2|37.7980|-122.4650|40
      Seacliff|RICHMOND|2|37.7850|-122.4930|20
      McLaren Park|INGLESIDE|10|37.7190|-122.4190|20
      Lincoln Park|RICHMOND|1|37.7830|-122.5000|20
      """
          .lines()
          .toArray(String[]::new);

  private final Weighted places;

  /**
   * Creates the intersections.
   *
   * @param random determines them; a source of the same seed has the same ones
   */
  SyntheticPlaces(Random random) {
    String[] members = new String[NEIGHBORHOODS.length * PER_NEIGHBORHOOD];
    double[] weights = new double[members.length];
    for (int i = 0; i < members.length; i++) {
      String[] of = NEIGHBORHOODS[i / PER_NEIGHBORHOOD].split("\\|", -1);
      int rank = i % PER_NEIGHBORHOOD;
      double angle = 2 * Math.PI * random.nextDouble();
      double distance = RADIUS_DEGREES * Math.sqrt(random.nextDouble());
      double latitude = Double.parseDouble(of[3]) + distance * StrictMath.sin(angle);
      double longitude = Double.parseDouble(of[4]) + distance * StrictMath.cos(angle);
      members[i] =
          String.format(
              Locale.ROOT,
              "\"intersection_name\":\"%s\",\"intersection_id\":\"%d\","
                  + "\"intersection_point\":{\"type\":\"Point\",\"coordinates\":[%.6f,%.6f]},"
                  + "\"supervisor_district\":\"%s\",\"analysis_neighborhood\":\"%s\","
                  + "\"police_district\":\"%s\"",
              SyntheticText.intersection(random),
              20_000_000 + i,
              longitude,
              latitude,
              of[2],
              of[0],
              of[1]);
      weights[i] = Double.parseDouble(of[5]) / (rank + 3);
    }
    places = new Weighted(members, weights);
  }

  /** Returns the members of a place, as JSON. */
  String next(Random random) {
    return places.draw(random);
  }
}
