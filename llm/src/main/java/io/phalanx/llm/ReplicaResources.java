package io.phalanx.llm;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.Map;

/**
 * What the replica actor itself needs on the node of bundle 0, besides its ranks.
 *
 * @param numCpus logical CPUs
 * @param numGpus GPUs
 * @param memoryBytes memory in bytes
 * @param resources further resources by name
 */
public record ReplicaResources(
    double numCpus, double numGpus, long memoryBytes, Map<String, Double> resources) {

  /** One CPU and nothing else. */
  public static final ReplicaResources DEFAULT = new ReplicaResources(1, 0, 0, Map.of());

  /** Checks that no amount is negative. */
  public ReplicaResources {
    resources = Map.copyOf(resources);
    requireNotNegative("num-cpus", numCpus);
    requireNotNegative("num-gpus", numGpus);
    requireNotNegative("memory", (double) memoryBytes);
    resources.forEach((name, amount) -> requireNotNegative("resources." + name, amount));
  }

  private static void requireNotNegative(String key, double value) {
    if (!(value >= 0)) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "deployment-config.actor-options." + key + " is " + value + "; it must be at least 0.");
    }
  }
}
