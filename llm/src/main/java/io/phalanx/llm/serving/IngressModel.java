package io.phalanx.llm.serving;

import io.phalanx.runtime.metrics.Metrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/**
 * One model on one ingress: a {@link DeployedModel} and a router for each version that lives. What
 * still waits when a version has given way goes to the wanted one; used by {@link IngressModels}
 * alone.
 */
final class IngressModel {
  /** What an ingress does with a version that it sends nothing any more. */
  interface Retired {

    /** Frees the version's files once no request can be using them any more. */
    void retire(DeployedModel version);
  }

  private final ActorContext<IngressModels.Command> context;
  private final ServingEnvironment environment;
  private final Metrics metrics;
  private final ModelCatalog catalog;
  private final BiConsumer<String, DeploymentController.Command> controllers;
  private final Runnable changed;
  private final Retired retired;
  private final Map<String, DeployedModel> versions = new LinkedHashMap<>();
  private final List<DeployedModel> leaving = new ArrayList<>();

  /**
   * Creates a model without versions.
   *
   * @param controllers sends something to the controller of a model
   * @param changed is run, by any thread, when a version's readiness may have changed
   */
  IngressModel(
      ActorContext<IngressModels.Command> context,
      ServingEnvironment environment,
      Metrics metrics,
      BiConsumer<String, DeploymentController.Command> controllers,
      Runnable changed,
      Retired retired) {
    this.context = context;
    this.environment = environment;
    this.metrics = metrics;
    this.controllers = controllers;
    this.changed = changed;
    this.retired = retired;
    this.catalog = ModelCatalog.get(context.getSystem());
  }

  boolean has(DeployedModel version) {
    return versions.containsValue(version) || leaving.contains(version);
  }

  /** Takes what is deployed now; returns the versions whose files are to be loaded. */
  List<DeployedModel> update(IngressModels.ModelDeployed deployed) {
    List<DeployedModel> added = new ArrayList<>();
    Map<String, DeployedModel> live = new LinkedHashMap<>();
    for (DeploymentVersion version : deployed.versions()) {
      DeployedModel known = versions.get(version.id());
      if (known == null) {
        known = start(version, deployed.createdEpochSeconds());
        added.add(known);
      }
      known.reconfigure(version.config());
      known.givenUp(deployed.failure());
      live.put(version.id(), known);
    }
    versions.keySet().removeAll(live.keySet());
    leaving.addAll(versions.values());
    versions.clear();
    versions.putAll(live);
    leaving.forEach(old -> old.givenUp(deployed.failure()));
    show();
    settle();
    return added;
  }

  private void show() {
    List<DeployedModel> all = new ArrayList<>(leaving);
    all.addAll(versions.values());
    catalog.put(wanted().modelId(), all);
  }

  private DeployedModel wanted() {
    List<DeployedModel> live = List.copyOf(versions.values());
    return live.get(live.size() - 1);
  }

  /**
   * Lets versions that are gone give way, once the wanted one can answer on this ingress: it may
   * learn of a replica later than the deployment does.
   */
  void settle() {
    if (leaving.isEmpty() || !wanted().ready()) {
      return;
    }
    List<DeployedModel> gone = List.copyOf(leaving);
    leaving.clear();
    gone.forEach(old -> old.giveWay(wanted()));
    show();
    gone.forEach(retired::retire);
  }

  private DeployedModel start(DeploymentVersion version, long createdEpochSeconds) {
    DeployedModel model =
        new DeployedModel(version.config(), createdEpochSeconds, metrics, changed);
    String modelId = version.config().modelId();
    ActorRef<ReplicaRouter.Command> router =
        context.spawnAnonymous(
            ReplicaRouter.create(
                version.config(),
                version.id(),
                environment.settings(),
                model,
                backlog -> controllers.accept(modelId, backlog)));
    model.routeBy(router);
    return model;
  }

  /** The model is deployed no longer. */
  void close() {
    List<DeployedModel> all = new ArrayList<>(leaving);
    all.addAll(versions.values());
    all.forEach(version -> catalog.remove(version.modelId()));
    all.forEach(DeployedModel::close);
    all.forEach(retired::retire);
    leaving.clear();
    versions.clear();
  }
}
