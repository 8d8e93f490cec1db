package io.phalanx.placement;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Why a placement group cannot be placed, in words.
 *
 * @param summary one sentence
 * @param obstacles what stands against which bundles on which nodes
 * @param remedies changes that would make it fit, each alone; empty if none is known
 */
public record Explanation(String summary, List<Obstacle> obstacles, List<Remedy> remedies) {

  /** Nothing to explain. */
  public static final Explanation NONE = of("");

  /** Copies the lists. */
  public Explanation {
    obstacles = List.copyOf(obstacles);
    remedies = List.copyOf(remedies);
  }

  /** Returns an explanation that is one sentence. */
  public static Explanation of(String summary) {
    return new Explanation(summary, List.of(), List.of());
  }

  /**
   * One reason, with all bundles and nodes that it holds for.
   *
   * @param bundles bundle indexes, ascending
   * @param addresses nodes, ascending
   * @param reason such as {@code needs GPU 1, free 0 of 2}
   */
  public record Obstacle(List<Integer> bundles, List<String> addresses, String reason) {

    /** Copies the lists. */
    public Obstacle {
      bundles = List.copyOf(bundles);
      addresses = List.copyOf(addresses);
    }

    @Override
    public String toString() {
      return "%s on %s: %s".formatted(bundleText(), String.join(", ", addresses), reason);
    }

    private String bundleText() {
      String indexes = bundles.stream().map(String::valueOf).collect(Collectors.joining(", "));
      return (bundles.size() == 1 ? "bundle " : "bundles ") + indexes;
    }
  }

  /** Returns the whole explanation, one line each. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(summary);
    obstacles.forEach(obstacle -> lines.add("  " + obstacle));
    remedyLines().forEach(line -> lines.add("  " + line));
    return lines;
  }

  /** Returns what would make it fit, one line each. */
  public List<String> remedyLines() {
    List<String> lines = new ArrayList<>();
    remedies.forEach(
        remedy -> lines.add((lines.isEmpty() ? "would fit " : "or ") + remedy.inWords()));
    return lines;
  }

  @Override
  public String toString() {
    return String.join("\n", lines());
  }
}
