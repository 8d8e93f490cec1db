package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;

/**
 * A set of bundles that is reserved as a whole or not at all.
 *
 * @param id unique, chosen by whoever asks for the group
 * @param name for people; "" for none; no two groups have the same
 * @param bundles at least one; bundle i of the group is {@code bundles.get(i)}
 * @param strategy how the bundles are laid over nodes
 * @param options wishes beyond the strategy
 */
public record PlacementGroupSpec(
    String id,
    String name,
    List<Bundle> bundles,
    PlacementStrategy strategy,
    PlacementOptions options) {

  /** Validates the id and that there are bundles. */
  public PlacementGroupSpec {
    bundles = List.copyOf(bundles);
    if (id.isBlank()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, "a placement group needs an id, such as a model id");
    }
    if (bundles.isEmpty()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "placement group [%s] has no bundles: give at least one, such as [{ GPU = 1 }]"
              .formatted(id));
    }
  }

  /** Creates a group without wishes beyond its strategy. */
  public PlacementGroupSpec(
      String id, String name, List<Bundle> bundles, PlacementStrategy strategy) {
    this(id, name, bundles, strategy, PlacementOptions.DEFAULT);
  }

  /** Returns the id of the bundle at {@code index}. */
  public BundleId bundleId(int index) {
    return new BundleId(id, index);
  }

  /** Returns the name, or the id if there is none. */
  public String displayName() {
    return name.isEmpty() ? id : name;
  }
}
