package io.phalanx.llm;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The placement group that one replica of a model asks for. */
public final class ReplicaBundles {
  /** Ray's older way to ask for an accelerator: a resource of this name and a tiny amount. */
  private static final String ACCELERATOR_RESOURCE = "accelerator_type:";

  private ReplicaBundles() {}

  /** Returns how a replica's bundles are laid over nodes: data parallelism needs STRICT_PACK. */
  public static PlacementStrategy strategy(LlmConfig config) {
    return config.parallel().isDataParallel()
        ? PlacementStrategy.STRICT_PACK
        : config.placementGroupConfig().strategy();
  }

  /**
   * Returns the placement group of one replica, which keeps each pipeline stage together. It is
   * detached: the replica serves while its controller moves to another node.
   */
  public static PlacementGroupSpec group(LlmConfig config, String groupId) {
    return group(config, groupId, groupId);
  }

  /**
   * Returns the same group under a name that differs from its id, which tells whose group it is.
   */
  public static PlacementGroupSpec group(LlmConfig config, String groupId, String name) {
    PlacementOptions options =
        PlacementOptions.DEFAULT
            .withKeepTogether(config.parallel().tensorParallelSize())
            .withDetached(true);
    return new PlacementGroupSpec(groupId, name, bundles(config), strategy(config), options);
  }

  /**
   * Returns the bundles of one replica: the configured ones, or TP x PP of one GPU each. Bundles
   * with GPUs ask for the accelerator type unless they name one themselves, and bundle 0 also holds
   * what the replica actor needs.
   */
  public static List<Bundle> bundles(LlmConfig config) {
    List<Map<String, Double>> amounts = amounts(config);
    List<Map<String, String>> selectors = config.placementGroupConfig().bundleLabelSelectors();
    List<Bundle> result = new ArrayList<>();
    for (int index = 0; index < amounts.size(); index++) {
      Map<String, String> selector = selectors.isEmpty() ? Map.of() : selectors.get(index);
      Resources own = index == 0 ? actorResources(config) : Resources.NONE;
      result.add(bundle(config, amounts.get(index), selector, own));
    }
    return List.copyOf(result);
  }

  /**
   * Returns how many ranks each bundle can hold, by bundle index.
   *
   * <p>A rank takes one GPU, or the share that the first bundle with GPUs has if that is below 1.
   * Without any GPU in any bundle, each bundle with CPUs holds one rank.
   */
  public static List<Integer> ranksPerBundle(LlmConfig config) {
    List<Map<String, Double>> amounts = amounts(config);
    if (config.placementGroupConfig().bundles().isEmpty()) {
      return Collections.nCopies(amounts.size(), 1);
    }
    double share =
        amounts.stream().mapToDouble(ReplicaBundles::gpus).filter(g -> g > 0).findFirst().orElse(0);
    if (share == 0) {
      return amounts.stream()
          .map(bundle -> bundle.getOrDefault(Resources.CPU, 0.0) > 0 ? 1 : 0)
          .toList();
    }
    double perRank = Math.min(1, share);
    return amounts.stream().map(bundle -> (int) Math.floor(gpus(bundle) / perRank + 1e-6)).toList();
  }

  /**
   * Checks that the bundles are valid and hold TP x PP ranks.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} that names the key and the fix
   */
  static void validate(LlmConfig config) {
    try {
      bundles(config);
    } catch (ServingException e) {
      throw invalid("placement-group-config.bundles: " + e.reason());
    }
    List<Integer> ranks = ranksPerBundle(config);
    int held = ranks.stream().mapToInt(Integer::intValue).sum();
    ParallelConfig parallel = config.parallel();
    if (held < parallel.worldSize()) {
      throw invalid(
          String.format(
              "placement-group-config.bundles hold %d ranks (%s), but tensor-parallel-size %d x"
                  + " pipeline-parallel-size %d needs %d; give %d bundles such as { GPU = 1 }, or"
                  + " lower the sizes.",
              held,
              ranks,
              parallel.tensorParallelSize(),
              parallel.pipelineParallelSize(),
              parallel.worldSize(),
              parallel.worldSize()));
    }
  }

  private static ServingException invalid(String message) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, message);
  }

  private static List<Map<String, Double>> amounts(LlmConfig config) {
    PlacementGroupConfig placement = config.placementGroupConfig();
    if (!placement.bundles().isEmpty()) {
      return placement.bundles();
    }
    Map<String, Double> each = placement.bundlePerWorker().orElse(Map.of(Resources.GPU, 1.0));
    return Collections.nCopies(config.parallel().worldSize(), each);
  }

  private static Bundle bundle(
      LlmConfig config, Map<String, Double> amounts, Map<String, String> selector, Resources own) {
    Map<String, Double> resources = new HashMap<>();
    Map<String, String> labels = new HashMap<>();
    amounts.forEach(
        (name, amount) -> {
          if (name.startsWith(ACCELERATOR_RESOURCE)) {
            labels.put(NodeInfo.ACCELERATOR_TYPE, name.substring(ACCELERATOR_RESOURCE.length()));
          } else {
            resources.put(name, amount);
          }
        });
    labels.putAll(selector);
    if (gpus(amounts) > 0) {
      config
          .acceleratorType()
          .ifPresent(type -> labels.putIfAbsent(NodeInfo.ACCELERATOR_TYPE, type));
    }
    return new Bundle(Resources.of(resources).plus(own), labels);
  }

  private static Resources actorResources(LlmConfig config) {
    ReplicaResources actor = config.deploymentConfig().actorOptions();
    return Resources.of(actor.resources())
        .plus(Resources.of(Resources.CPU, actor.numCpus()))
        .plus(Resources.of(Resources.GPU, actor.numGpus()))
        .plus(Resources.of(Resources.MEMORY, (double) actor.memoryBytes()));
  }

  private static double gpus(Map<String, Double> bundle) {
    return bundle.getOrDefault(Resources.GPU, 0.0);
  }
}
