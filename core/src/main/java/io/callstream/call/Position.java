package io.callstream.call;

/**
 * A position on Earth, in degrees of the reference system WGS 84.
 *
 * @param latitude from -90 (South Pole) to 90 (North Pole)
 * @param longitude from -180 to 180; positive east of Greenwich
 */
public record Position(double latitude, double longitude) {
  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a number is out of its range or not a number
   */
  public Position {
    if (!isValid(latitude, longitude)) {
      throw new IllegalArgumentException(
          "latitude "
              + latitude
              + " and longitude "
              + longitude
              + " are not a position; they must be from -90 to 90 and from -180 to 180");
    }
  }

  /** Returns whether the numbers are a latitude and a longitude within their ranges. */
  static boolean isValid(double latitude, double longitude) {
    return Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  }
}
