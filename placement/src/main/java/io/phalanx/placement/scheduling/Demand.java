package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.Resources;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** What some bundles ask of one node together, in the terms of a {@link NodeRoom}. */
final class Demand {
  private final long[] amounts;
  private final int wholeGpus;
  private final long[] shares;
  private final long gpus;

  private Demand(long[] amounts, int wholeGpus, long[] shares) {
    this.amounts = amounts;
    this.wholeGpus = wholeGpus;
    this.shares = shares;
    long sum = wholeGpus * Resources.UNIT;
    for (long share : shares) {
      sum += share;
    }
    this.gpus = sum;
  }

  static Demand of(Collection<Bundle> bundles, List<String> dimensions) {
    long[] amounts = new long[dimensions.size()];
    int wholeGpus = 0;
    for (Bundle bundle : bundles) {
      for (int d = 0; d < amounts.length; d++) {
        amounts[d] += bundle.resources().get(dimensions.get(d));
      }
      wholeGpus += (int) (bundle.resources().get(Resources.GPU) / Resources.UNIT);
    }
    return new Demand(amounts, wholeGpus, sharesOf(bundles));
  }

  private static long[] sharesOf(Collection<Bundle> bundles) {
    return bundles.stream()
        .map(bundle -> bundle.resources().get(Resources.GPU))
        .filter(gpus -> gpus > 0 && gpus < Resources.UNIT)
        .sorted(Comparator.reverseOrder())
        .mapToLong(Long::longValue)
        .toArray();
  }

  /** Returns the GPU amount, in ten-thousandths. */
  long gpus() {
    return gpus;
  }

  /** Returns the amount of a dimension, in ten-thousandths. */
  long amount(int dimension) {
    return amounts[dimension];
  }

  /** Returns how many devices are needed whole. */
  int wholeGpus() {
    return wholeGpus;
  }

  /** Returns how many parts of devices are needed. */
  int shareCount() {
    return shares.length;
  }

  /** Returns a part of a device that is needed, in ten-thousandths, the largest first. */
  long share(int index) {
    return shares[index];
  }
}
