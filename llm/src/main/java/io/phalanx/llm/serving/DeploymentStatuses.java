package io.phalanx.llm.serving;

import io.phalanx.llm.serving.DeploymentVersion.Trial;
import java.util.List;

/** Words how a deployment is. */
final class DeploymentStatuses {

  private DeploymentStatuses() {}

  static DeploymentStatus of(
      DeploymentLife life, GangTable<?> gangs, List<ScalingDecision> decisions) {
    DesiredDeployment desired = life.desired();
    return new DeploymentStatus(
        desired.config(),
        desired.wanted().number(),
        state(desired, gangs.ready(), gangs.stopping()),
        message(life, gangs.ready()),
        desired.failure(),
        desired.updateFailure(),
        desired.createdEpochSeconds(),
        desired.target(),
        gangs.replicas(),
        decisions);
  }

  static DeploymentState state(DesiredDeployment desired, int ready, int stopping) {
    if (desired.failure().isPresent()) {
      return DeploymentState.DEPLOY_FAILED;
    }
    boolean wasGood =
        desired.versions().stream().anyMatch(version -> version.trial() == Trial.GOOD);
    if (ready == 0 && wasGood && desired.effectiveTarget() > 0) {
      return DeploymentState.UNHEALTHY;
    }
    boolean isNew = desired.wanted().trial() == Trial.NEW && desired.effectiveTarget() > 0;
    boolean isEmpty = desired.effectiveTarget() == 0 && ready + stopping == 0;
    if (isNew || (desired.isRolling() && !isEmpty) || desired.deleting()) {
      return DeploymentState.UPDATING;
    }
    if (ready < desired.target()) {
      return DeploymentState.UPSCALING;
    }
    return stopping > 0 ? DeploymentState.DOWNSCALING : DeploymentState.HEALTHY;
  }

  private static String change(DesiredDeployment desired) {
    int number = desired.wanted().number();
    return desired.effectiveTarget() == 0
        ? "version " + number + " starts with the next request"
        : "goes over to version " + number;
  }

  private static String message(DeploymentLife life, int ready) {
    DesiredDeployment desired = life.desired();
    if (desired.failure().isPresent()) {
      return desired.failure().get().reason();
    }
    if (desired.deleting()) {
      return "is being deleted";
    }
    String text = "%d of %d replicas can answer".formatted(ready, desired.target());
    if (desired.isRolling()) {
      text += "; " + change(desired);
    }
    if (!life.waitsFor().isEmpty()) {
      text += ", but " + life.waitsFor();
    }
    return desired
        .updateFailure()
        .map(failure -> "the last update was undone: " + failure.reason())
        .map((text + "; ")::concat)
        .orElse(text);
  }
}
