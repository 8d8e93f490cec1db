package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.serving.DeploymentController.Command;
import io.phalanx.llm.serving.DeploymentController.DeployReply;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.jspecify.annotations.Nullable;

/**
 * Carries out what {@link DeploymentLife} decides about one deployment, and saves and tells what
 * has changed; used by its controller alone.
 */
final class DeploymentKeeper {
  /** A write of the record has been answered. */
  record Written(boolean done) implements DeploymentController.Own {}

  private final ActorContext<Command> context;
  private final String modelId;
  private final DeploymentController.Shard shard;
  private final DeploymentGangs gangs;
  private final DeploymentScaling scaling = new DeploymentScaling();
  private final IngressBacklogs<ActorRef<ReplicaRouter.Command>> ingressBacklogs =
      new IngressBacklogs<>();
  private final DeploymentAudience audience;
  private final RecordKeeper records;
  private final Clock clock = Clock.systemUTC();
  private @Nullable DeploymentLife life;
  private boolean ended;

  /** Creates the keeper of a model that is not deployed. */
  DeploymentKeeper(
      ActorContext<Command> context,
      String modelId,
      DeploymentGangs gangs,
      DeploymentRecords records,
      DeploymentController.Shard shard) {
    this.context = context;
    this.modelId = modelId;
    this.gangs = gangs;
    this.shard = shard;
    this.audience = new DeploymentAudience(context, modelId, this::status);
    this.records =
        new RecordKeeper(
            records,
            write -> context.pipeToSelf(write, (done, failure) -> new Written(failure == null)));
  }

  /** Goes on with what an earlier controller has left. */
  void resume(DesiredDeployment record) {
    context.getLog().info("Model [{}] goes on with what runs of it", modelId);
    records.known(record);
    begin(new DeploymentLife(record));
  }

  private void begin(DeploymentLife begun) {
    life = begun;
    context
        .getSystem()
        .receptionist()
        .tell(Receptionist.register(DeploymentController.SERVICE_KEY, context.getSelf()));
  }

  /** Returns whether nothing is deployed and nobody waits for that. */
  boolean isIdle() {
    return life == null && gangs.isEmpty() && !audience.isWatched();
  }

  void deploy(DeploymentController.Deploy deploy) {
    DeploymentLife current = life;
    LlmConfig config = deploy.config();
    if (current != null && current.desired().deleting()) {
      String reason = "Model [" + modelId + "] is being deleted; try later.";
      deploy.replyTo().tell(new DeploymentController.Refused(reason));
      return;
    }
    String versionId = UUID.randomUUID().toString();
    gangs.tellStrategy(config);
    if (current == null) {
      long now = clock.instant().getEpochSecond();
      begin(new DeploymentLife(DesiredDeployment.first(config, versionId, now)));
    } else {
      current.deploy(config, versionId);
      gangs.reconfigure(current.desired().wanted());
    }
    reconcile();
    answerWhenSaved(deploy.replyTo());
  }

  /** What has been answered survives the loss of this node. */
  private void answerWhenSaved(ActorRef<DeployReply> replyTo) {
    records.whenSaved(() -> replyTo.tell(status()));
  }

  void scale(DeploymentController.Scale scale) {
    DeploymentLife current = life;
    if (current == null || current.desired().deleting()) {
      scale.replyTo().tell(new DeploymentController.NotDeployed(modelId));
      return;
    }
    Optional<String> refusal = current.desired().refusal(scale.replicas());
    if (refusal.isPresent()) {
      scale.replyTo().tell(new DeploymentController.Refused(refusal.get()));
      return;
    }
    long now = System.nanoTime();
    aimAt(current, scaling.askedFor(input(current, now), scale.replicas()));
    answerWhenSaved(scale.replyTo());
  }

  private ScalingInput input(DeploymentLife current, long nowNanos) {
    return gangs.scalingInput(
        clock.millis(), current.desired().target(), ingressBacklogs.total(nowNanos));
  }

  private void aimAt(DeploymentLife current, ScalingDecision decision) {
    if (decision.applied() != current.desired().target()) {
      context
          .getLog()
          .info(
              "Model [{}] goes from [{}] to [{}] replicas: {}",
              modelId,
              current.desired().target(),
              decision.applied(),
              decision.reason().text());
      current.aimAt(decision.applied());
      reconcile();
    }
  }

  void waits(DeploymentController.IngressBacklog backlog) {
    ingressBacklogs.report(backlog.router(), backlog.waitingRequests(), System.nanoTime());
  }

  void announced(DeploymentController.Announce announce) {
    DeploymentLife current = life;
    DeploymentVersion launched = announce.spec().version();
    DeploymentVersion version =
        current == null ? launched : current.desired().version(launched.id()).orElse(launched);
    if (gangs.announced(announce, version)) {
      if (current != null && gangs.isReady(version)) {
        current.ready(version.id());
      }
      reconcile();
    }
  }

  private void reconcile() {
    if (ended) {
      return;
    }
    DeploymentLife current = life;
    boolean deleting = current != null && current.desired().deleting();
    boolean waits = gangs.isAdopting() || (deleting && audience.hasIngresses());
    if (!waits) {
      gangs.carryOut(
          current == null
              ? Rollout.plan(List.of(), 0, 1, gangs.view())
              : current.plan(gangs.view()));
    }
    if (deleting && gangs.isEmpty() && gangs.isSettled() && !waits) {
      end();
    } else if (current != null) {
      publish(current.desired());
    }
  }

  private void end() {
    ended = true;
    records.remove(modelId);
    records.whenSaved(() -> shard.passivate(context.getSelf()));
  }

  private void publish(DesiredDeployment desired) {
    records.save(desired);
    scaling.update(desired.config());
    if (!desired.deleting()) {
      audience.deployed(IngressModels.ModelDeployed.of(desired, context.getSelf()));
    }
    audience.publish();
  }

  private DeployReply status() {
    DeploymentLife current = life;
    return current == null
        ? new DeploymentController.NotDeployed(modelId)
        : new DeploymentController.Deployed(
            DeploymentStatuses.of(current, gangs.table(), scaling.decisions()));
  }

  void delete(DeploymentController.Delete delete) {
    DeploymentLife current = life;
    if (current == null) {
      delete.replyTo().tell(new DeploymentController.NotDeployed(modelId));
      return;
    }
    audience.awaitEnd(delete.replyTo());
    if (!current.desired().deleting()) {
      current.delete();
      audience.askToForget();
      reconcile();
    }
  }

  void describe(DeploymentController.Describe describe) {
    describe.replyTo().tell(status());
  }

  /** Returns those who are told. */
  DeploymentAudience audience() {
    return audience;
  }

  void follow(DeploymentController.Follow follow) {
    audience.follow(
        follow.ingress(),
        Optional.ofNullable(life)
            .map(DeploymentLife::desired)
            .filter(desired -> !desired.deleting())
            .map(desired -> IngressModels.ModelDeployed.of(desired, context.getSelf())));
  }

  /** An ingress sends nothing any more, or it is gone. */
  void forgotten(DeploymentController.Forgotten forgotten) {
    audience.forget(forgotten.ingress());
    reconcile();
  }

  void gangChanged(DeploymentGangs.GangChanged changed) {
    DeploymentLife current = life;
    Optional<Rollout.Phase> phase = gangs.update(changed);
    if (current != null && phase.filter(Rollout.Phase.READY::equals).isPresent()) {
      current.ready(changed.gang().version().id());
    }
    if (phase.isPresent()) {
      reconcile();
    } else {
      audience.publish();
    }
  }

  void gangFailed(DeploymentGangs.GangFailed failed) {
    DeploymentLife current = life;
    DeploymentVersion version = failed.gang().version();
    if (current != null && current.failed(version.id(), failed.code(), failed.reason())) {
      context
          .getLog()
          .error(
              "Version [{}] of model [{}] is given up: {}",
              version.number(),
              modelId,
              failed.reason());
      reconcile();
    }
  }

  void gangEnded(DeploymentGangs.GangEnded gang) {
    gangs.ended(gang.ordinal());
    reconcile();
  }

  void adoptionEnds(DeploymentGangs.AdoptionEnds ends) {
    gangs.endAdoption();
    reconcile();
  }

  void groupsListed(DeploymentGangs.GroupsListed listed) {
    gangs.giveBackUnclaimed(listed);
    reconcile();
  }

  void written(Written written) {
    records.onWritten(written.done());
  }

  /** Repeats what has not been answered, and scales. */
  void tick() {
    DeploymentLife current = life;
    records.flush();
    gangs.tick();
    if (current != null && current.desired().deleting()) {
      audience.askToForget();
    } else if (current != null && !gangs.isAdopting()) {
      long now = System.nanoTime();
      aimAt(current, scaling.decide(now, input(current, now)));
    }
  }

  /** Tells those who wait for the end, if this is it. */
  void tellIfEnded() {
    if (ended) {
      audience.end();
    }
  }
}
