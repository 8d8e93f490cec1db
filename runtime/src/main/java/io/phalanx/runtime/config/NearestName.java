package io.phalanx.runtime.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the name that a misspelled one most probably means, by edit distance. */
public final class NearestName {

  private NearestName() {}

  /**
   * Returns the name nearest to {@code wrong}, or empty if none is near. Near is a name that begins
   * with {@code wrong}, or for which at most a third of the letters (or two) have to change. Ties
   * go to the first in alphabetical order.
   */
  public static Optional<String> of(String wrong, Collection<String> names) {
    int most = Math.max(2, wrong.length() / 3);
    return names.stream()
        .filter(name -> name.startsWith(wrong) || distance(wrong, name) <= most)
        .min(
            Comparator.comparingInt((String name) -> distance(wrong, name))
                .thenComparing(Comparator.naturalOrder()));
  }

  /** Levenshtein distance, row by row. */
  private static int distance(String from, String to) {
    int[] previous = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] row = new int[to.length() + 1];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replaced, 1 + Math.min(previous[j], row[j - 1]));
      }
      previous = row;
    }
    return previous[to.length()];
  }
}
