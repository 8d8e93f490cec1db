package io.phalanx.llm;

import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How a replica's bundles look and how they are laid over nodes.
 *
 * @param bundles resource amounts by name for each bundle; empty if {@code bundlePerWorker} is
 *     given, or if the default bundles are meant
 * @param bundlePerWorker the amounts of each rank's own bundle
 * @param bundleLabelSelectors node labels for each bundle; empty is no wish, else as many as there
 *     are bundles
 * @param strategy how the bundles are laid over nodes
 */
public record PlacementGroupConfig(
    List<Map<String, Double>> bundles,
    Optional<Map<String, Double>> bundlePerWorker,
    List<Map<String, String>> bundleLabelSelectors,
    PlacementStrategy strategy) {
  private static final String PATH = "placement-group-config";

  /** The default bundles under PACK. */
  public static final PlacementGroupConfig DEFAULT =
      new PlacementGroupConfig(List.of(), Optional.empty(), List.of(), PlacementStrategy.PACK);

  /** Checks that at most one kind of bundles is given and that every amount makes sense. */
  public PlacementGroupConfig {
    bundles = bundles.stream().map(Map::copyOf).toList();
    bundlePerWorker = bundlePerWorker.map(Map::copyOf);
    bundleLabelSelectors = bundleLabelSelectors.stream().map(Map::copyOf).toList();
    if (!bundles.isEmpty() && bundlePerWorker.isPresent()) {
      throw invalid(" has both bundles and bundle-per-worker; keep one of them.");
    }
    for (int index = 0; index < bundles.size(); index++) {
      requireAmounts("bundles[" + index + "]", bundles.get(index));
    }
    bundlePerWorker.ifPresent(bundle -> requireAmounts("bundle-per-worker", bundle));
    if (!bundleLabelSelectors.isEmpty() && bundleLabelSelectors.size() != bundles.size()) {
      throw invalid(
          ".bundle-label-selector has "
              + bundleLabelSelectors.size()
              + " entries for "
              + bundles.size()
              + " bundles; give one for each bundle.");
    }
  }

  private static void requireAmounts(String key, Map<String, Double> bundle) {
    if (bundle.values().stream().noneMatch(amount -> amount > 0)) {
      throw invalid("." + key + " is " + bundle + "; it must ask for more than 0 of something.");
    }
    bundle.forEach(
        (name, amount) -> {
          if (!(amount >= 0)) {
            throw invalid("." + key + "." + name + " is " + amount + "; it must be at least 0.");
          }
        });
  }

  private static ServingException invalid(String message) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, PATH + message);
  }
}
