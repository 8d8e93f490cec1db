package io.phalanx.llm.serving;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.serving.DeploymentVersion.Trial;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a deployment is to be: the record that survives its controller. Every change makes another
 * record.
 *
 * @param modelId the model
 * @param createdEpochSeconds when it was deployed first, in seconds since 1970
 * @param lastNumber the highest number of a version so far
 * @param target replicas (under data parallelism: gangs) aimed at
 * @param versions the live ones, at least one; the last is the wanted one, those before it give way
 * @param failure why the deployment was given up, if it was; then nothing runs
 * @param updateFailure why the last update was undone, if it was
 * @param deleting whether it is to end
 */
record DesiredDeployment(
    String modelId,
    long createdEpochSeconds,
    int lastNumber,
    int target,
    List<DeploymentVersion> versions,
    Optional<DeploymentFailure> failure,
    Optional<DeploymentFailure> updateFailure,
    boolean deleting)
    implements WireMessage {

  DesiredDeployment {
    versions = List.copyOf(versions);
  }

  /** Returns the record of a model that is deployed for the first time. */
  static DesiredDeployment first(LlmConfig config, String versionId, long nowEpochSeconds) {
    return new DesiredDeployment(
        config.modelId(),
        nowEpochSeconds,
        1,
        config.deploymentConfig().autoscaling().startReplicas(),
        List.of(new DeploymentVersion(versionId, 1, config, Trial.NEW)),
        Optional.empty(),
        Optional.empty(),
        false);
  }

  /** Returns the version that all replicas are to have. */
  DeploymentVersion wanted() {
    return versions.get(versions.size() - 1);
  }

  LlmConfig config() {
    return wanted().config();
  }

  /** Returns whether an update rolls, or is being undone. */
  boolean isRolling() {
    return versions.size() > 1;
  }

  /** Returns how many replicas there are to be; none after the deployment ended or was given up. */
  int effectiveTarget() {
    return deleting || failure.isPresent() ? 0 : target;
  }

  Optional<DeploymentVersion> version(String id) {
    return versions.stream().filter(version -> version.id().equals(id)).findFirst();
  }

  /** Returns why there may not be so many replicas; empty if there may. */
  Optional<String> refusal(int replicas) {
    AutoscalingConfig bounds = config().deploymentConfig().autoscaling();
    boolean allowed = replicas >= bounds.minReplicas() && replicas <= bounds.maxReplicas();
    return allowed
        ? Optional.empty()
        : Optional.of(
            String.format(
                "Model [%s] cannot have [%d] replicas: min-replicas is %d and max-replicas is %d;"
                    + " deploy it with other bounds.",
                modelId, replicas, bounds.minReplicas(), bounds.maxReplicas()));
  }

  DesiredDeployment withTarget(int replicas) {
    return new DesiredDeployment(
        modelId,
        createdEpochSeconds,
        lastNumber,
        replicas,
        versions,
        failure,
        updateFailure,
        deleting);
  }

  DesiredDeployment withDeleting() {
    return new DesiredDeployment(
        modelId, createdEpochSeconds, lastNumber, target, versions, failure, updateFailure, true);
  }

  /**
   * Returns what it is to be under another configuration.
   *
   * @param versionId id of the version that this makes, if it makes one
   */
  DesiredDeployment deploy(LlmConfig config, String versionId) {
    if (failure.isPresent()) {
      int start = config.deploymentConfig().autoscaling().startReplicas();
      return withTarget(start)
          .with(lastNumber + 1, List.of(next(config, versionId)), Optional.empty());
    }
    return switch (ConfigChange.of(config(), config)) {
      case NONE -> this;
      case LIGHT -> replacing(wanted().withConfig(config)).within(config);
      case HEAVY -> updated(config, versionId).within(config);
    };
  }

  private DeploymentVersion next(LlmConfig config, String versionId) {
    return new DeploymentVersion(versionId, lastNumber + 1, config, Trial.NEW);
  }

  /** An update that was not good yet is undone; what of it serves gives way like any other. */
  private DesiredDeployment updated(LlmConfig config, String versionId) {
    List<DeploymentVersion> live = new ArrayList<>();
    Optional<DeploymentVersion> again = Optional.empty();
    for (DeploymentVersion version : versions) {
      if (ConfigChange.of(version.config(), config) != ConfigChange.HEAVY) {
        again = Optional.of(version);
      } else {
        live.add(version.trial() == Trial.NEW ? version.withTrial(Trial.BAD) : version);
      }
    }
    live.add(again.map(known -> retried(known, config)).orElse(next(config, versionId)));
    int number = again.isPresent() ? lastNumber : lastNumber + 1;
    return with(number, live, Optional.empty());
  }

  private static DeploymentVersion retried(DeploymentVersion known, LlmConfig config) {
    Trial trial = known.trial() == Trial.BAD ? Trial.NEW : known.trial();
    return known.withConfig(config).withTrial(trial);
  }

  private DesiredDeployment with(
      int number, List<DeploymentVersion> live, Optional<DeploymentFailure> undone) {
    return new DesiredDeployment(
        modelId, createdEpochSeconds, number, target, live, Optional.empty(), undone, deleting);
  }

  private DesiredDeployment replacing(DeploymentVersion changed) {
    List<DeploymentVersion> live =
        versions.stream().map(old -> old.id().equals(changed.id()) ? changed : old).toList();
    return with(lastNumber, live, updateFailure);
  }

  private DesiredDeployment within(LlmConfig config) {
    AutoscalingConfig bounds = config.deploymentConfig().autoscaling();
    int clipped = Math.min(bounds.maxReplicas(), Math.max(bounds.minReplicas(), target));
    return withTarget(clipped);
  }

  /** A replica of a version has generated a real token. */
  DesiredDeployment proven(String versionId) {
    return version(versionId)
        .filter(version -> version.trial() == Trial.NEW)
        .map(version -> replacing(version.withTrial(Trial.GOOD)))
        .orElse(this);
  }

  /** Returns the version that is wanted again if the update fails: the latest that was good. */
  Optional<DeploymentVersion> lastGood() {
    return versions.subList(0, versions.size() - 1).stream()
        .filter(version -> version.trial() == Trial.GOOD)
        .reduce((earlier, later) -> later);
  }

  /** The wanted version has used up its attempts: the last good one is wanted again, if any is. */
  DesiredDeployment failed(DeploymentFailure why) {
    if (lastGood().isEmpty()) {
      return new DesiredDeployment(
          modelId,
          createdEpochSeconds,
          lastNumber,
          target,
          versions,
          Optional.of(why),
          updateFailure,
          deleting);
    }
    DeploymentVersion good = lastGood().get();
    List<DeploymentVersion> live = new ArrayList<>(versions);
    live.remove(good);
    live.set(live.size() - 1, wanted().withTrial(Trial.BAD));
    live.add(good);
    return with(lastNumber, live, Optional.of(why)).within(good.config());
  }

  /**
   * Forgets versions that have given way. The last good one is kept until the wanted one is good.
   *
   * @param withGangs ids of the versions that have gangs, those that stop included
   */
  DesiredDeployment pruned(Set<String> withGangs) {
    List<DeploymentVersion> live =
        versions.stream()
            .filter(
                version ->
                    version.equals(wanted())
                        || withGangs.contains(version.id())
                        || (version.trial() == Trial.GOOD && wanted().trial() != Trial.GOOD))
            .toList();
    return live.size() == versions.size()
        ? this
        : new DesiredDeployment(
            modelId,
            createdEpochSeconds,
            lastNumber,
            target,
            live,
            failure,
            updateFailure,
            deleting);
  }
}
