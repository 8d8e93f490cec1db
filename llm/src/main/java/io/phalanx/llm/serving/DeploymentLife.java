package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.llm.serving.DeploymentVersion.Trial;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.error.ErrorCode;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What becomes of a deployment: it takes what is asked for and what happens to gangs, and says
 * which gangs start and stop. Knows no actors and no time.
 */
final class DeploymentLife {
  private DesiredDeployment desired;
  private StartAttempts attempts;
  private String waitsFor = "";

  DeploymentLife(DesiredDeployment desired) {
    this.desired = desired;
    this.attempts = freshAttempts();
  }

  private StartAttempts freshAttempts() {
    return new StartAttempts(desired.lastGood().isPresent() ? 1 : Math.max(1, desired.target()));
  }

  DesiredDeployment desired() {
    return desired;
  }

  /** Returns what the roll-out waits for and cannot have by itself; "" if nothing. */
  String waitsFor() {
    return waitsFor;
  }

  /** Serves another configuration, or the same one again after it was given up. */
  void deploy(LlmConfig config, String versionId) {
    DeploymentVersion before = desired.wanted();
    desired = desired.deploy(config, versionId);
    if (!desired.wanted().id().equals(before.id())) {
      attempts = freshAttempts();
    }
  }

  void aimAt(int target) {
    desired = desired.withTarget(target);
  }

  void delete() {
    desired = desired.withDeleting();
  }

  /** A gang can answer. */
  void ready(String versionId) {
    desired = desired.proven(versionId);
    if (versionId.equals(desired.wanted().id())) {
      attempts = freshAttempts();
    }
  }

  /**
   * A gang has failed; it starts again by itself.
   *
   * @return whether that ended the update, or the deployment
   */
  boolean failed(String versionId, ErrorCode code, String reason) {
    boolean canEnd = desired.lastGood().isPresent() || desired.wanted().trial() == Trial.NEW;
    if (!versionId.equals(desired.wanted().id()) || !canEnd || desired.failure().isPresent()) {
      return false;
    }
    attempts.fail(code, reason);
    if (attempts.failure().isEmpty()) {
      return false;
    }
    desired = desired.failed(attempts.failure().get());
    attempts = freshAttempts();
    return true;
  }

  /** Returns which gangs are to start and stop now. */
  Rollout.Plan plan(List<Rollout.Gang> gangs) {
    Set<String> withGangs = gangs.stream().map(Rollout.Gang::version).collect(Collectors.toSet());
    desired = desired.pruned(withGangs);
    Rollout.Plan plan =
        Rollout.plan(desired.versions(), desired.effectiveTarget(), roomOfNew(), gangs);
    waitsFor = plan.waitsFor();
    return plan;
  }

  /** Returns how many gangs of the oldest version make room for one of the wanted version. */
  private int roomOfNew() {
    long fresh = size(desired.config());
    long old = size(desired.versions().get(0).config());
    return (int) Math.max(1, (fresh + old - 1) / Math.max(1, old));
  }

  private static long size(LlmConfig config) {
    long gpus = total(config, Resources.GPU);
    return config.parallel().dataParallelSize() * (gpus > 0 ? gpus : total(config, Resources.CPU));
  }

  private static long total(LlmConfig config, String resource) {
    return ReplicaBundles.bundles(config).stream()
        .map(Bundle::resources)
        .mapToLong(resources -> resources.get(resource))
        .sum();
  }
}
