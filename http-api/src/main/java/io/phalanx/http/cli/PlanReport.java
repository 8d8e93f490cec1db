package io.phalanx.http.cli;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Infeasible;
import io.phalanx.placement.PlanResult.NoResources;
import io.phalanx.placement.PlanResult.Planned;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What {@code phalanx plan} says about models, one after the other on the same cluster. */
final class PlanReport {
  private final PlannedCluster cluster;

  PlanReport(PlannedCluster cluster) {
    this.cluster = cluster;
  }

  /** Returns the lines about the cluster. */
  List<String> nodes() {
    List<String> lines = new ArrayList<>();
    lines.add("Local cluster");
    for (NodeInfo node : cluster.nodes()) {
      lines.add(
          "  %s  %s, %s"
              .formatted(node.address(), StatusReport.devices(node.devices()), node.total()));
    }
    return lines;
  }

  /**
   * Says what a model is and where each of its first replicas goes.
   *
   * @param source one line about its files
   * @return whether all of them have a place
   */
  boolean model(LlmConfig config, String source, Consumer<String> say) {
    ParallelConfig parallel = config.parallel();
    int least = config.deploymentConfig().autoscaling().minReplicas();
    int most = config.deploymentConfig().autoscaling().maxReplicas();
    say.accept("");
    say.accept("Model " + source);
    say.accept(
        "  ranks      tensor parallel %d x pipeline parallel %d = %d"
            .formatted(
                parallel.tensorParallelSize(),
                parallel.pipelineParallelSize(),
                parallel.worldSize()));
    say.accept("  replicas   " + replicas(least, most, parallel));
    say.accept("  strategy   " + strategy(config));
    return replicas(config, Math.max(1, least) * parallel.dataParallelSize(), say);
  }

  /** All replicas ask for the same: where one has no place, the next ones have none either. */
  private boolean replicas(LlmConfig config, int count, Consumer<String> say) {
    for (int ordinal = 0; ordinal < count; ordinal++) {
      if (!replica(config, ordinal, say)) {
        int further = count - ordinal - 1;
        if (further > 0) {
          say.accept("  and so would %d more".formatted(further));
        }
        return false;
      }
    }
    return true;
  }

  private static String replicas(int least, int most, ParallelConfig parallel) {
    String count = least == most ? String.valueOf(least) : least + " to " + most;
    return parallel.isDataParallel()
        ? count + " gang(s) of " + parallel.dataParallelSize() + " that start and stop together"
        : count;
  }

  private static String strategy(LlmConfig config) {
    PlacementStrategy asked = config.placementGroupConfig().strategy();
    PlacementStrategy used = ReplicaBundles.strategy(config);
    return asked == used ? used.name() : used + " (data parallelism overrides " + asked + ")";
  }

  private boolean replica(LlmConfig config, int ordinal, Consumer<String> say) {
    PlacementGroupSpec group = ReplicaBundles.group(config, config.modelId() + "/" + ordinal);
    PlanResult result = cluster.place(group);
    if (result instanceof Planned planned) {
      say.accept(
          "  replica " + ordinal + (planned.optimal() ? "" : " (not proven the fewest nodes)"));
      new TreeMap<>(planned.sites())
          .forEach(
              (index, site) ->
                  say.accept(
                      "    bundle %d  %s -> %s"
                          .formatted(index, describe(group.bundles().get(index)), describe(site))));
      return true;
    }
    say.accept("  replica " + ordinal + " would wait:");
    explanation(result).lines().forEach(line -> say.accept("    " + line));
    return false;
  }

  private static Explanation explanation(PlanResult result) {
    if (result instanceof Infeasible infeasible) {
      return infeasible.explanation();
    }
    return result instanceof NoResources none ? none.explanation() : Explanation.NONE;
  }

  private static String describe(Bundle bundle) {
    return bundle.labelSelector().isEmpty()
        ? bundle.resources().toString()
        : bundle.resources() + " on " + bundle.labelSelector();
  }

  private static String describe(BundleSite site) {
    return site.deviceIndexes().isEmpty()
        ? site.nodeId()
        : site.nodeId() + ", GPU " + site.deviceIndexes();
  }
}
