package io.phalanx.placement.reservation;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Groups of every strategy, with shares of devices, CPUs, selectors, and some in one rack. */
final class RandomGroups {

  private RandomGroups() {}

  static PlacementGroupSpec next(String id, SplittableRandom random) {
    PlacementStrategy[] strategies = PlacementStrategy.values();
    List<Bundle> bundles = new ArrayList<>();
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      bundles.add(bundle(random));
    }
    PlacementOptions options =
        new PlacementOptions(
            random.nextInt(1, 3),
            random.nextInt(5) == 0 ? Optional.of("rack") : Optional.empty(),
            Optional.empty(),
            true);
    PlacementStrategy strategy = strategies[random.nextInt(strategies.length)];
    return new PlacementGroupSpec(id, "", bundles, strategy, options);
  }

  private static Bundle bundle(SplittableRandom random) {
    double[] gpus = {0, 0.25, 0.5, 1, 1, 1, 2};
    double gpu = gpus[random.nextInt(gpus.length)];
    Map<String, Double> amounts = Map.of("GPU", gpu, "CPU", gpu == 0 ? 3.0 : random.nextInt(3));
    Map<String, String> selector =
        random.nextInt(6) == 0 ? Map.of("zone", "!z" + random.nextInt(3)) : Map.of();
    return new Bundle(Resources.of(amounts), selector);
  }
}
