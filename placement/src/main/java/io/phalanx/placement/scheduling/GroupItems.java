package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementGroupSpec;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** The bundles of one group that are to be placed, and what is counted for them. */
final class GroupItems {
  private final PlacementGroupSpec spec;
  private final List<String> dimensions;
  private final List<Integer> unplaced;
  private final List<Item> singles;
  private final Map<Integer, List<Item>> blocksOfSize = new HashMap<>();

  /**
   * Creates the items.
   *
   * @param placed indexes of the bundles that stay where they are
   */
  GroupItems(PlacementGroupSpec spec, Set<Integer> placed) {
    this.spec = spec;
    this.dimensions = Dimensions.ofNode(spec.bundles());
    this.unplaced =
        IntStream.range(0, spec.bundles().size())
            .boxed()
            .filter(index -> !placed.contains(index))
            .toList();
    this.singles =
        sorted(unplaced.stream().map(index -> Item.of(List.of(index), spec.bundles())).toList());
  }

  PlacementGroupSpec spec() {
    return spec;
  }

  List<Bundle> bundles() {
    return spec.bundles();
  }

  /** Returns the names that are counted per node. */
  List<String> dimensions() {
    return dimensions;
  }

  /** Returns the bundles to be placed, one each, scarcest first. */
  List<Item> singles() {
    return singles;
  }

  /** Returns the bundles to be placed in items of {@code size} that belong together. */
  List<Item> blocks(int size) {
    return blocksOfSize.computeIfAbsent(
        size, key -> sorted(Item.blocks(unplaced, spec.bundles(), size)));
  }

  /** Returns all bundles to be placed as one item. */
  Item whole() {
    return Item.of(unplaced, spec.bundles());
  }

  private List<Item> sorted(List<Item> items) {
    return items.stream().sorted(Item.byScarcity(Dimensions.of(spec.bundles()))).toList();
  }
}
