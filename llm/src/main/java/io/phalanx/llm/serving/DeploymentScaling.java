package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The autoscaling of one deployment: its policy, and the log of what that decided. */
final class DeploymentScaling {
  private final DecisionLog log = new DecisionLog();
  private @Nullable AutoscalingPolicy policy;

  /** Takes bounds, targets and delays; what was seen and decided before stays. */
  void update(LlmConfig deployed) {
    if (policy == null) {
      policy = new AutoscalingPolicy(deployed);
    } else {
      policy.update(deployed);
    }
  }

  /** Decides about the target of this moment; after {@link #update}. */
  ScalingDecision decide(long clockNanos, ScalingInput input) {
    if (policy == null) {
      throw new IllegalStateException("nothing is deployed yet");
    }
    ScalingDecision decision = policy.decide(clockNanos, input);
    log.add(decision);
    return decision;
  }

  /** Takes the target that somebody asked for. */
  ScalingDecision askedFor(ScalingInput input, int replicas) {
    ScalingDecision decision = ScalingDecision.askedFor(input, replicas);
    log.add(decision);
    return decision;
  }

  /** Returns what was decided, the latest last. */
  List<ScalingDecision> decisions() {
    return log.entries();
  }
}
