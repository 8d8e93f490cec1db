package io.phalanx.placement.bench;

import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.SPREAD;
import static io.phalanx.placement.PlacementStrategy.STRICT_PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementComponents;
import io.phalanx.placement.PlacementGroup;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.LocalCluster;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Placement groups per second: create, wait until created, remove, wait until every node has freed
 * its bundles. Nodes are actor systems of this JVM that talk over Artery; groups are asked for on
 * the manager's node, each reserves on every node concerned; of several nodes, a group that fits
 * one lies on another than the manager's.
 *
 * <p>Of several groups in flight, one cycle is that of all of them.
 *
 * <p>Arguments: the number of nodes (1 or 8), the seconds per case, the GPUs of a node. Prints a
 * JSON object per case, then a table.
 */
public final class PlacementRates {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int IN_FLIGHT = 16;
  private static final int AT_ONCE = 1_000;
  private static final double SHARE_AT_ONCE = 0.03;
  private static final double WARM_UP_SECONDS = 15;
  private static final int WARM_UP_ROUNDS = 5;

  private final PlacementGroups groups;
  private final String managerNode;
  private final int nodes;
  private final double seconds;
  private final List<Result> results = new ArrayList<>();
  private int sequence;

  private record Result(
      int nodes,
      int bundles,
      String strategy,
      String mode,
      int cycles,
      double perSecond,
      double p50Millis,
      double p99Millis) {

    String json() {
      return String.format(
          Locale.ROOT,
          "{\"where\": \"%d nodes\", \"bundles\": %d, \"strategy\": \"%s\", \"mode\": \"%s\","
              + " \"cycles\": %d, \"per_s\": %.1f, \"p50_ms\": %.2f, \"p99_ms\": %.2f}",
          nodes,
          bundles,
          strategy,
          mode,
          cycles,
          perSecond,
          p50Millis,
          p99Millis);
    }

    String row() {
      return String.format(
          Locale.ROOT,
          "%5d  %7d  %-13s  %-13s  %7d  %8.1f  %7.2f  %7.2f",
          nodes,
          bundles,
          strategy,
          mode,
          cycles,
          perSecond,
          p50Millis,
          p99Millis);
    }
  }

  private PlacementRates(PlacementGroups groups, String managerNode, int nodes, double seconds) {
    this.groups = groups;
    this.managerNode = managerNode;
    this.nodes = nodes;
    this.seconds = seconds;
  }

  /** Runs every case. */
  public static void main(String[] args) {
    int nodes = args.length > 0 ? Integer.parseInt(args[0]) : 8;
    double seconds = args.length > 1 ? Double.parseDouble(args[1]) : 4;
    int gpus = args.length > 2 ? Integer.parseInt(args[2]) : nodes == 1 ? 64 : 4;
    String config =
        "phalanx.local-cluster { nodes = %d, gpus-per-node = %d, accelerator-type = L4 }"
            .formatted(nodes, gpus);
    try (LocalCluster cluster =
        LocalCluster.start(
            ConfigFactory.parseString(config).withFallback(ConfigFactory.load()).resolve(),
            List.of(context -> PlacementComponents.of((spec, grant) -> Behaviors.empty())))) {
      PlacementRates rates =
          new PlacementRates(
              PlacementGroups.of(cluster.first().system()),
              cluster.first().address().toString(),
              nodes,
              seconds);
      rates.awaitNodes();
      rates.run();
    }
  }

  private void awaitNodes() {
    int known = 0;
    while (known < nodes) {
      known = groups.nodes().toCompletableFuture().join().size();
    }
  }

  /** Runs everything often enough for the JIT compiler to be done with it. */
  private void warmUp() {
    double each = WARM_UP_SECONDS / WARM_UP_ROUNDS;
    for (int i = 0; i < WARM_UP_ROUNDS; i++) {
      cycles(1, 1, PACK, each / 2);
      cycles(1, 4, STRICT_PACK, each / 4);
      cycles(1, nodes, STRICT_SPREAD, each / 4);
    }
  }

  private void run() {
    warmUp();
    keepOffManagerNode(true);
    oneAtATime(1, PACK);
    oneAtATime(4, PACK);
    oneAtATime(4, STRICT_PACK);
    keepOffManagerNode(false);
    if (nodes > 1) {
      oneAtATime(4, SPREAD);
      oneAtATime(4, STRICT_SPREAD);
      oneAtATime(8, SPREAD);
      oneAtATime(8, STRICT_SPREAD);
    }
    inFlight();
    atOnce();
    System.out.println();
    System.out.println(
        "nodes  bundles  strategy       mode            cycles     per s   p50 ms   p99 ms");
    results.forEach(result -> System.out.println(result.row()));
  }

  /** Makes groups on one node lie on another than the manager's, so that messages are sent. */
  private void keepOffManagerNode(boolean off) {
    if (nodes > 1) {
      groups.drain(managerNode, off).toCompletableFuture().join();
    }
  }

  private PlacementGroupSpec next(int bundles, PlacementStrategy strategy, double gpus) {
    sequence++;
    return new PlacementGroupSpec(
        "group-" + sequence, "", Collections.nCopies(bundles, Bundle.ofGpus(gpus)), strategy);
  }

  private void oneAtATime(int bundles, PlacementStrategy strategy) {
    cycles(1, bundles, strategy, seconds / 8);
    report(bundles, strategy, "one at a time", 1, cycles(1, bundles, strategy, seconds));
  }

  /** Returns the duration of each cycle of {@code count} groups, in nanoseconds. */
  private List<Long> cycles(int count, int bundles, PlacementStrategy strategy, double forSeconds) {
    List<Long> durations = new ArrayList<>();
    long end = System.nanoTime() + (long) (forSeconds * 1e9);
    for (long start = System.nanoTime(); start < end; start = System.nanoTime()) {
      removeAll(createAll(specs(count, bundles, strategy, 1)));
      durations.add(System.nanoTime() - start);
    }
    return durations;
  }

  private List<PlacementGroupSpec> specs(
      int count, int bundles, PlacementStrategy strategy, double gpus) {
    return IntStream.range(0, count).mapToObj(i -> next(bundles, strategy, gpus)).toList();
  }

  private List<PlacementGroup> createAll(List<PlacementGroupSpec> specs) {
    List<PlacementGroup> created = specs.stream().map(groups::create).toList();
    for (PlacementGroup group : created) {
      if (!group.await(PATIENCE)) {
        throw new IllegalStateException(group.spec() + " was not created");
      }
    }
    return created;
  }

  private static void removeAll(List<PlacementGroup> groups) {
    CompletableFuture.allOf(
            groups.stream()
                .map(group -> group.remove().toCompletableFuture())
                .toArray(CompletableFuture[]::new))
        .join();
  }

  private void inFlight() {
    cycles(IN_FLIGHT, 1, PACK, seconds / 8);
    report(1, PACK, IN_FLIGHT + " in flight", IN_FLIGHT, cycles(IN_FLIGHT, 1, PACK, seconds));
  }

  private void atOnce() {
    long start = System.nanoTime();
    List<PlacementGroup> all = createAll(specs(AT_ONCE, 1, PACK, SHARE_AT_ONCE));
    long created = System.nanoTime() - start;
    removeAll(all);
    report(1, PACK, AT_ONCE + " at once", AT_ONCE, List.of(created));
  }

  /** Reports cycles of {@code count} groups each. */
  private void report(
      int bundles, PlacementStrategy strategy, String mode, int count, List<Long> durations) {
    long[] sorted = durations.stream().mapToLong(Long::longValue).sorted().toArray();
    int created = count * sorted.length;
    Result result =
        new Result(
            nodes,
            bundles,
            strategy.name(),
            mode,
            created,
            created / (Arrays.stream(sorted).sum() / 1e9),
            sorted[sorted.length / 2] / 1e6,
            sorted[(int) (sorted.length * 0.99)] / 1e6);
    results.add(result);
    System.out.println(result.json());
  }
}
