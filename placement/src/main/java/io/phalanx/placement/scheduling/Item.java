package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;

/**
 * Bundles that go to one node together: one bundle, or several that are wanted side by side.
 *
 * @param indexes of the bundles in the group, ascending
 * @param bundles the bundles
 */
record Item(List<Integer> indexes, List<Bundle> bundles) {

  static Item of(List<Integer> indexes, List<Bundle> groupBundles) {
    return new Item(indexes, indexes.stream().map(groupBundles::get).toList());
  }

  /** Returns the given bundles as items of up to {@code size} consecutive ones. */
  static List<Item> blocks(List<Integer> indexes, List<Bundle> groupBundles, int size) {
    List<Item> items = new ArrayList<>();
    List<Integer> block = new ArrayList<>();
    for (int index : indexes) {
      if (!block.isEmpty() && block.get(0) / size != index / size) {
        items.add(of(List.copyOf(block), groupBundles));
        block.clear();
      }
      block.add(index);
    }
    items.add(of(List.copyOf(block), groupBundles));
    return items;
  }

  int first() {
    return indexes.get(0);
  }

  /** Orders by scarcity: GPUs, then custom resources by name, memory and CPUs; more comes first. */
  static Comparator<Item> byScarcity(SortedSet<String> scarcest) {
    Comparator<Item> order = Comparator.comparing(item -> 0);
    for (String name : scarcest) {
      order = order.thenComparing(item -> -item.amount(name));
    }
    return order.thenComparing(Item::first);
  }

  long amount(String name) {
    return bundles.stream().mapToLong(bundle -> bundle.resources().get(name)).sum();
  }

  boolean isAcceptedBy(NodeRoom room) {
    return bundles.stream().allMatch(bundle -> bundle.accepts(room.view.node().labels()));
  }
}
