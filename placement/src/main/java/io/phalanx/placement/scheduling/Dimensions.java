package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.Resources;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/** The resource names that a group asks for, scarcest first. */
final class Dimensions {
  private static final Comparator<String> SCARCEST_FIRST =
      Comparator.comparingInt(Dimensions::rank).thenComparing(Comparator.naturalOrder());

  private Dimensions() {}

  private static int rank(String name) {
    return switch (name) {
      case Resources.GPU -> 0;
      case Resources.MEMORY -> 2;
      case Resources.CPU -> 3;
      default -> 1;
    };
  }

  static SortedSet<String> of(Collection<Bundle> bundles) {
    SortedSet<String> names = new TreeSet<>(SCARCEST_FIRST);
    bundles.forEach(bundle -> names.addAll(bundle.resources().names()));
    return names;
  }

  /** Returns the names that are counted per node; GPUs are counted per device. */
  static List<String> ofNode(Collection<Bundle> bundles) {
    return of(bundles).stream().filter(name -> !name.equals(Resources.GPU)).toList();
  }
}
