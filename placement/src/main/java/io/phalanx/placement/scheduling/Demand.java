package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.Resources;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/** What some bundles ask of one node together, in the terms of a {@link NodeRoom}. */
final class Demand {
  private final long[] amounts;
  private final int wholeGpus;
  private final long[] shares;

  private Demand(long[] amounts, int wholeGpus, long[] shares) {
    this.amounts = amounts;
    this.wholeGpus = wholeGpus;
    this.shares = shares;
  }

  static Demand of(Collection<Bundle> bundles, List<String> dimensions) {
    long[] amounts = new long[dimensions.size()];
    int wholeGpus = 0;
    long[] shares = new long[0];
    for (Bundle bundle : bundles) {
      for (int d = 0; d < amounts.length; d++) {
        amounts[d] += bundle.resources().get(dimensions.get(d));
      }
      long gpus = bundle.resources().get(Resources.GPU);
      if (gpus >= Resources.UNIT) {
        wholeGpus += (int) (gpus / Resources.UNIT);
      } else if (gpus > 0) {
        shares = Arrays.copyOf(shares, shares.length + 1);
        shares[shares.length - 1] = -gpus;
      }
    }
    Arrays.sort(shares);
    return new Demand(amounts, wholeGpus, Arrays.stream(shares).map(share -> -share).toArray());
  }

  /** Returns the GPU amount, in ten-thousandths. */
  long gpus() {
    return wholeGpus * Resources.UNIT + Arrays.stream(shares).sum();
  }

  /** Returns the amount of a dimension, in ten-thousandths. */
  long amount(int dimension) {
    return amounts[dimension];
  }

  /** Returns how many devices are needed whole. */
  int wholeGpus() {
    return wholeGpus;
  }

  /** Returns the parts of devices that are needed, in ten-thousandths, descending. */
  long[] shares() {
    return shares.clone();
  }
}
