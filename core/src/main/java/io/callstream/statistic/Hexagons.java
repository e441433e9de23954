package io.callstream.statistic;

import io.callstream.call.Position;

/**
 * A fixed grid of equal hexagons on the map of the Mercator projection, with corners at the top and
 * the bottom. A hexagon has axial coordinates q and r. Its center is at {@code x = SIZE * sqrt(3) *
 * (q + r / 2)} and {@code y = SIZE * 3 / 2 * r}, in meters of the projection from the equator and
 * Greenwich. At a latitude, the distances on the ground are smaller by the cosine of the latitude:
 * in San Francisco, a hexagon is 411 m wide.
 */
final class Hexagons {
  /** The distance from the center to a corner, in meters of the projection. */
  static final double SIZE = 300;

  /** The radius of the sphere of the Mercator projection, in meters. */
  private static final double EARTH = 6_378_137;

  /** The latitude at which the map is a square. */
  private static final double MAX_LATITUDE = 85.051_128_78;

  private Hexagons() {}

  /** Returns the coordinates {@code q,r} of the hexagon that contains a position. */
  static String at(Position position) {
    double latitude = Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, position.latitude()));
    double x = EARTH * StrictMath.toRadians(position.longitude());
    double y =
        EARTH * StrictMath.log(StrictMath.tan(Math.PI / 4 + StrictMath.toRadians(latitude) / 2));
    double r = y * 2 / 3 / SIZE;
    double q = x / StrictMath.sqrt(3) / SIZE - r / 2;
    // Rounds to the nearest center. The third coordinate s is -q - r.
    long roundQ = Math.round(q);
    long roundR = Math.round(r);
    long roundS = Math.round(-q - r);
    double errorQ = Math.abs(roundQ - q);
    double errorR = Math.abs(roundR - r);
    double errorS = Math.abs(roundS + q + r);
    if (errorQ > errorR && errorQ > errorS) {
      roundQ = -roundR - roundS;
    } else if (errorR > errorS) {
      roundR = -roundQ - roundS;
    }
    return roundQ + "," + roundR;
  }
}
