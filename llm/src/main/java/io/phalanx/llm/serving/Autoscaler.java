package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import java.util.List;

/** The autoscaling of one deployment: its policy, and the log of what that decided. */
final class Autoscaler {
  private final AutoscalingPolicy policy;
  private final DecisionLog log = new DecisionLog();

  Autoscaler(LlmConfig deployed) {
    this.policy = new AutoscalingPolicy(deployed);
  }

  /** Takes other bounds, targets and delays; what was seen and decided stays. */
  void update(LlmConfig deployed) {
    policy.update(deployed);
  }

  /** Decides about the target of this moment. */
  ScalingDecision decide(long clockNanos, ScalingInput input) {
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
