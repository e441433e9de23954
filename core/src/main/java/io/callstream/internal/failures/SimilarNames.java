package io.callstream.internal.failures;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the known name that an unknown name resembles. */
public final class SimilarNames {
  private SimilarNames() {}

  /** Returns the known name with the smallest edit distance, if it is about a sixth or less. */
  public static Optional<String> nearest(String name, Collection<String> known) {
    int most = Math.max(2, name.length() / 6);
    return known.stream()
        .filter(other -> Math.abs(other.length() - name.length()) <= most)
        .filter(other -> distance(other, name) <= most)
        .min(
            Comparator.comparingInt((String other) -> distance(other, name))
                .thenComparing(Comparator.naturalOrder()));
  }

  private static int distance(String a, String b) {
    int[] last = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] next = new int[b.length() + 1];
      next[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = last[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        next[j] = Math.min(replaced, Math.min(last[j], next[j - 1]) + 1);
      }
      last = next;
    }
    return last[b.length()];
  }
}
