package io.callstream.kafka.source;

import io.callstream.kafka.source.RandomValues.Weighted;
import java.util.Locale;
import java.util.Random;

/*
 * Generates the texts of synthetic calls. The proportions are those of the 2018 San Francisco calls:
 * ten types are half of them, about a hundred types are the next 40 %, and notes that dispatchers type
 * are the rest, most of which occur only once. Places are drawn the same way from blocks and crossings
 * of the city's streets. All text is already escaped as in a JSON string.
 */
final class SyntheticText {
  private static final String[] TOP_TYPES =
      values(
          """
          Passing Call|Traffic Stop|Traf Violation Cite|Suspicious Person|Homeless Complaint|\
          Trespasser|Audible Alarm|22500e|Well Being Check|Muni Inspection""");
  private static final double[] TOP_COUNTS = {
    35_180, 13_538, 10_921, 10_007, 6_072, 5_840, 5_775, 5_651, 5_552, 5_509
  };
  private static final String[] FURTHER_TYPES =
      values(
          """
          Suspicious Vehicle|Meet W/citizen|Fight No Weapon|Noise Nuisance|Burglary|Petty Theft|\
          Auto Boost / Strip|Mentally Disturbed|Vandalism|Traf Violation Tow|Stolen Vehicle|\
          Complaint Unkn|Grand Theft|Threats / Harassment|Parking Complaint|Assault / Battery|\
          Fraud|Strongarm Robbery|Panic Alarm|Person Dumping|Citizen Holding A Pr|Recovered Veh|\
          Silent Hold Up Alarm|Juvenile Disturbance|Dw|Missing Adult|Missing Juvenile|\
          Person Breaking In|Intoxicated Person|Drugs|Aided Case|Injury Vehicle Acc|\
          Non Inj Vehicle Acc|Hit & Run Acc|Hit & Run Inj|Fire|Encampment|Sit / Lie|Loud Party|\
          Barking Dog|Demonstration|Escort|Indecent Exposure|Prowler|Stalking|Robbery|Shots Fired|\
          Person W/gun|Person W/knife|Roadblock|Road Blockage|Speeding|Reckless Driving|\
          Drunk Driver|Abandoned Vehicle|Blocked Driveway|Double Parked|Property Found|\
          Lost Property|Ped Stop|Bicycle Stop|Broken Window|Drone|Fireworks|Graffiti|\
          Dog W/o Leash|Restraining Order|Civil Standby|Eviction|Child Abuse|Elder Abuse|\
          Dv No Weapon|Dv Verbal|Check On Elder|Suicidal Person|Possible Dead Body|Bomb Threat|\
          Suspicious Package|Cold Burglary|Hot Prowl|Shoplifter|Extortion|Id Theft|Mail Theft|\
          Package Theft|Illegal Dumping|Vendor Complaint|Taxi Dispute""");
  private static final String[] CODES =
      values(
          """
          415|459|602|586|587|594|647|647f|650|653m|800|801|806|851|852|905|909|910|911|913|914|\
          915|916|917|918|919|920|921|7.2.46|7.2.25|7.2.27|7.2.40|22500f|22500b|22502a|4000a1|\
          5200|3.20.2|240|245|148|152|211|212|216|219|221|222|280|311|368|407|410|416|417|418|419|\
          470|487|488""");
  private static final String[] NOTES =
      values(
          """
          | Poss|*|/Tow| Dv| Juv|s| X2| In Prog|, Cold| & 415| #2| Ro| Party| \\\"Loud\\\"|'s|\
           W/dog| Susp|/Cite| Eviction| Group| Music""");
  private static final double[] OF_TYPES = {0.52, 0.406, 0.063, 0.011};

  private static final String[] DISPOSITIONS =
      values(
          """
          HAN|GOA|ADV|Not recorded|CIT|REP|UTL|ND|CAN|NOM|PAS|NCR|22|ARR|ABA|ADM|OTS|GEN|INC|SFD|\
          DUP|CRM|TOW|CHP|ENC|TH2|FIR|HOT""");
  private static final double[] DISPOSITION_COUNTS = {
    57_639, 26_211, 19_515, 19_238, 18_400, 16_054, 9_376, 8_123, 7_590, 7_070, 3_863, 1_681, 1_546,
    1_472, 1_098, 427, 262, 226, 87, 80, 22, 7, 4, 3, 2, 1, 1, 1
  };

  private static final String[] NAMED_STREETS =
      values(
          """
          Market St|Mission St|Howard St|Folsom St|Harrison St|Bryant St|Brannan St|Townsend St|\
          King St|Geary Bl|Geary St|Ofarrell St|Ellis St|Eddy St|Turk St|Golden Gate Av|\
          Mcallister St|Fulton St|Grove St|Hayes St|Fell St|Oak St|Page St|Haight St|Waller St|\
          Hyde St|Leavenworth St|Jones St|Taylor St|Mason St|Powell St|Stockton St|Grant Av|\
          Kearny St|Montgomery St|Sansome St|Battery St|Front St|Davis St|Drumm St|\
          The Embarcadero|Larkin St|Polk St|Van Ness Av|Franklin St|Gough St|Octavia St|Laguna St|\
          Buchanan St|Webster St|Fillmore St|Steiner St|Pierce St|Scott St|Divisadero St|\
          Broderick St|Baker St|Lyon St|Presidio Av|Masonic Av|Stanyan St|Arguello Bl|\
          Park Presidio Bl|Balboa St|Anza St|Clement St|California St|Sacramento St|Clay St|\
          Washington St|Jackson St|Pacific Av|Broadway|Vallejo St|Green St|Union St|Filbert St|\
          Greenwich St|Lombard St|Chestnut St|Bay St|North Point St|Beach St|Jefferson St|\
          Columbus Av|Valencia St|Guerrero St|Dolores St|Church St|Castro St|Noe St|Potrero Av|\
          Cesar Chavez St|Bayshore Bl|Alemany Bl|Geneva Av|Ocean Av|Silver Av|San Bruno Av|\
          Sunnydale Av|Third St|Evans Av|Oakdale Av|Palou Av|Quesada Av|Revere Av|Irving St|\
          Judah St|Kirkham St|Lawton St|Moraga St|Noriega St|Ortega St|Pacheco St|Quintara St|\
          Rivera St|Santiago St|Taraval St|Ulloa St|Vicente St|Wawona St|Sloat Bl|Sunset Bl|\
          Great Hy|Lincoln Wy|Twin Peaks Bl|Portola Dr|Monterey Bl|Junipero Serra Bl|\
          Brotherhood Wy|O'shaughnessy Bl""");
  private static final String[] STREETS = streets();
  private static final int BLOCKS = STREETS.length * 100;
  private static final int CROSSINGS = STREETS.length * (STREETS.length - 1);

  /**
   * The multiplier is coprime to each number of places, so multiplying by it only changes their
   * order.
   */
  private static final int SHUFFLE = 7_919;

  private static final String[] SITES =
      values(
          """
          Harbor|Hillside|Civic|Parkside|Sunset|Mission|Bayview|Marina|Union|Garden|Ocean|Central|\
          Pacific|Eureka|Portola|Excelsior""");
  private static final String[] SITE_KINDS =
      values(
          """
          Library|Garage|Playground|Hotel|Hospital|School|Plaza|Market|Station|Clinic|Apts #2|\
          Men's Shelter|Bar & Grill""");

  private final Random random;
  private final Weighted types;
  private final Weighted dispositions = new Weighted(DISPOSITIONS, DISPOSITION_COUNTS);
  private final Weighted frequentTypes = new Weighted(TOP_TYPES, TOP_COUNTS);

  SyntheticText(Random random) {
    this.random = random;
    this.types = furtherTypes();
  }

  private static String[] values(String text) {
    return text.split("\\|");
  }

  private static String[] streets() {
    String[] all = new String[NAMED_STREETS.length + 28 + 47];
    System.arraycopy(NAMED_STREETS, 0, all, 0, NAMED_STREETS.length);
    int n = NAMED_STREETS.length;
    for (int i = 3; i <= 30; i++) {
      all[n++] = i + ordinal(i) + " St";
    }
    for (int i = 2; i <= 48; i++) {
      all[n++] = i + ordinal(i) + " Av";
    }
    return all;
  }

  private static String ordinal(int i) {
    if (i / 10 == 1) {
      return "th";
    }
    return switch (i % 10) {
      case 1 -> "st";
      case 2 -> "nd";
      case 3 -> "rd";
      default -> "th";
    };
  }

  /**
   * Returns the types after the first ten. The eleventh has 5,031 of 199,999 calls, the 120th about
   * 140.
   */
  private static Weighted furtherTypes() {
    String[] values = new String[FURTHER_TYPES.length + CODES.length];
    double[] weights = new double[values.length];
    // Names and bare codes alternate, as in the real records.
    int names = 0;
    int codes = 0;
    for (int i = 0; i < values.length; i++) {
      boolean name =
          codes == CODES.length || (names < FURTHER_TYPES.length && i % 5 != 4 && i % 5 != 2);
      values[i] = name ? FURTHER_TYPES[names++] : CODES[codes++];
      weights[i] = Math.pow(11.0 / (i + 11), 1.5);
    }
    return new Weighted(values, weights);
  }

  /** Returns the name of an intersection of two streets, as in the current feeds. */
  static String intersection(Random random) {
    int first = random.nextInt(STREETS.length);
    int second = (first + 1 + random.nextInt(STREETS.length - 1)) % STREETS.length;
    return (STREETS[first] + " \\\\ " + STREETS[second]).toUpperCase(Locale.ROOT);
  }

  String type() {
    double share = random.nextDouble();
    if (share < OF_TYPES[0]) {
      return frequentTypes.draw(random);
    }
    if (share < OF_TYPES[0] + OF_TYPES[1]) {
      return types.draw(random);
    }
    if (share < 1 - OF_TYPES[3]) {
      // A code with a note.
      int rank = RandomValues.rank(random, CODES.length * (NOTES.length - 1), 2);
      return CODES[rank % CODES.length] + NOTES[1 + rank / CODES.length];
    }
    // Two codes, or a code and a number. Such a text hardly ever occurs twice.
    String code = CODES[random.nextInt(CODES.length)];
    return random.nextBoolean()
        ? code + "/" + CODES[random.nextInt(CODES.length)] + NOTES[random.nextInt(5)]
        : code + " Veh " + random.nextInt(10_000);
  }

  String disposition() {
    return dispositions.draw(random);
  }

  /** Appends the address, city, state, agency, address type and common location, with keys. */
  void appendPlace(StringBuilder json) {
    double kind = random.nextDouble();
    json.append("\"address\":\"");
    boolean outsideCity = false;
    if (kind < 0.514) {
      appendBlock(json, placeRank(BLOCKS, 8_300, 1.6, 0.02), " Block Of ");
    } else if (kind < 0.834) {
      appendCrossing(json, placeRank(CROSSINGS, 6_300, 1.6, 0.05));
    } else if (kind < 0.956) {
      appendBlock(json, placeRank(BLOCKS, 850, 2.3, 0.034), " Block Of ");
    } else {
      appendBlock(json, placeRank(BLOCKS, 800, 2, 0.32), " Blk ");
      outsideCity = random.nextDouble() < 0.48;
    }
    json.append("\",\"city\":\"").append(outsideCity ? "" : city());
    json.append("\",\"state\":\"CA\",\"agency_id\":\"1\",\"address_type\":\"");
    boolean site = kind >= 0.834 && kind < 0.956;
    json.append(
        kind < 0.514
            ? "Premise Address"
            : kind < 0.834 ? "Intersection" : site ? "Common Location" : "Geo-Override");
    json.append("\",\"common_location\":\"");
    if (site) {
      int rank = RandomValues.rank(random, SITES.length * SITE_KINDS.length, 2);
      json.append(SITES[rank % SITES.length]).append(' ');
      json.append(SITE_KINDS[rank / SITES.length]).append(", Sf");
    }
    json.append('"');
  }

  private int placeRank(int places, int frequent, double skew, double rareShare) {
    return random.nextDouble() < rareShare
        ? frequent + random.nextInt(places - frequent)
        : RandomValues.rank(random, frequent, skew);
  }

  private static void appendBlock(StringBuilder json, int rank, String of) {
    int place = (int) ((long) rank * SHUFFLE % BLOCKS);
    int block = place / STREETS.length;
    json.append(block == 0 ? "0" : block + "00").append(of).append(STREETS[place % STREETS.length]);
  }

  private static void appendCrossing(StringBuilder json, int rank) {
    int place = (int) ((long) rank * SHUFFLE % CROSSINGS);
    int first = place / (STREETS.length - 1);
    int second = place % (STREETS.length - 1);
    String crossed = STREETS[second < first ? second : second + 1];
    json.append(STREETS[first]).append('/');
    json.append(Character.toLowerCase(crossed.charAt(0))).append(crossed, 1, crossed.length());
  }

  private String city() {
    double share = random.nextDouble();
    return share < 0.985 ? "San Francisco" : share < 0.9965 ? "Treasure Isla" : "Yerba Buena";
  }
}
