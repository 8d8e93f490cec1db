package io.phalanx.placement;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A change that would make a waiting placement group fit. Each was tried with the planner on the
 * changed cluster, and each is the smallest of its kind that was found.
 */
public sealed interface Remedy {

  /** Returns it in words that go on from {@code would fit}, such as {@code with strategy PACK}. */
  String inWords();

  /**
   * More nodes.
   *
   * @param count how many
   * @param like address of the node that they are like; "" if no node is like them
   * @param each what each has, all free
   * @param labels the labels that bundles select them by; empty if they are like another node
   */
  record AddNodes(int count, String like, Resources each, Map<String, String> labels)
      implements Remedy {

    /** Copies the map. */
    public AddNodes {
      labels = Map.copyOf(labels);
    }

    @Override
    public String inWords() {
      String nodes = count == 1 ? "1 more node" : count + " more nodes";
      return like.isEmpty()
          ? "with %s of %s%s".formatted(nodes, each, labelText())
          : "with %s like %s (%s)".formatted(nodes, like, each);
    }

    private String labelText() {
      return labels.isEmpty()
          ? ""
          : new TreeMap<>(labels)
              .entrySet().stream()
                  .map(label -> label.getKey() + " = " + label.getValue())
                  .collect(Collectors.joining(" and ", " labelled ", ""));
    }
  }

  /**
   * Resources that other groups give back.
   *
   * @param ofNode by address, what has to become free
   */
  record FreeResources(Map<String, Resources> ofNode) implements Remedy {

    /** Copies the map. */
    public FreeResources {
      ofNode = Map.copyOf(ofNode);
    }

    @Override
    public String inWords() {
      return new TreeMap<>(ofNode)
          .entrySet().stream()
              .map(node -> node.getValue() + " more free on " + node.getKey())
              .collect(Collectors.joining(" and ", "with ", ""));
    }
  }

  /**
   * Groups that are removed.
   *
   * @param groups as people call them
   */
  record RemoveGroups(List<String> groups) implements Remedy {

    /** Copies the list. */
    public RemoveGroups {
      groups = List.copyOf(groups);
    }

    @Override
    public String inWords() {
      return groups.stream()
          .map(group -> "[" + group + "]")
          .collect(
              Collectors.joining(
                  " and ", groups.size() == 1 ? "without group " : "without groups ", ""));
    }
  }

  /** A draining node that takes bundles again. */
  record StopDraining(String address) implements Remedy {
    @Override
    public String inWords() {
      return "if " + address + " stopped draining";
    }
  }

  /** Another strategy of the group. */
  record UseStrategy(PlacementStrategy strategy) implements Remedy {
    @Override
    public String inWords() {
      return "with strategy " + strategy;
    }
  }

  /** Bundles that do not care for one label. */
  record DropLabel(String label) implements Remedy {
    @Override
    public String inWords() {
      return "without the bundles' condition on label " + label;
    }
  }

  /** A group that may lie in several values of its topology label. */
  record DropTopology(String label) implements Remedy {
    @Override
    public String inWords() {
      return "without topology label " + label;
    }
  }
}
