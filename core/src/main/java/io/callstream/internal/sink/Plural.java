package io.callstream.internal.sink;

import java.util.Locale;

/** Formats a number of things for people. */
public final class Plural {
  private Plural() {}

  /**
   * Returns a number and its noun, such as {@code 1 record} and {@code 2,000 batches}.
   *
   * @param noun the noun in the singular, whose plural ends with s or es
   */
  public static String of(long number, String noun) {
    boolean hisses = noun.endsWith("s") || noun.endsWith("ch");
    return String.format(Locale.ROOT, "%,d ", number)
        + noun
        + (number == 1 ? "" : hisses ? "es" : "s");
  }
}
