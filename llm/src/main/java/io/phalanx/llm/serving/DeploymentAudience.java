package io.phalanx.llm.serving;

import io.phalanx.llm.serving.DeploymentController.Command;
import io.phalanx.llm.serving.DeploymentController.DeployReply;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.jspecify.annotations.Nullable;

/**
 * Whom a {@link DeploymentController} tells what: ingresses, those who watch its status, and those
 * who wait for its end; used by it alone.
 */
final class DeploymentAudience {
  private final ActorContext<Command> context;
  private final String modelId;
  private final Supplier<DeployReply> status;
  private final Set<ActorRef<IngressModels.Command>> ingresses = new HashSet<>();
  private final Set<ActorRef<DeployReply>> watchers = new HashSet<>();
  private final List<ActorRef<DeployReply>> deleters = new ArrayList<>();
  private IngressModels.@Nullable ModelDeployed deployed;
  private @Nullable DeployReply published;

  DeploymentAudience(ActorContext<Command> context, String modelId, Supplier<DeployReply> status) {
    this.context = context;
    this.modelId = modelId;
    this.status = status;
  }

  /** Tells an ingress what is deployed, now and from now on; that it is nothing if it is. */
  void follow(ActorRef<IngressModels.Command> ingress, Optional<IngressModels.ModelDeployed> now) {
    if (now.isEmpty()) {
      ingress.tell(deleted());
      return;
    }
    if (ingresses.add(ingress)) {
      context.watchWith(ingress, new DeploymentController.Forgotten(ingress));
    }
    ingress.tell(now.get());
  }

  private IngressModels.ModelDeleted deleted() {
    return new IngressModels.ModelDeleted(modelId, context.getSelf());
  }

  void forget(ActorRef<IngressModels.Command> ingress) {
    ingresses.remove(ingress);
  }

  boolean hasIngresses() {
    return !ingresses.isEmpty();
  }

  /** Tells the ingresses what is deployed, if that has changed. */
  void deployed(IngressModels.ModelDeployed now) {
    if (!now.equals(deployed)) {
      deployed = now;
      ingresses.forEach(ingress -> ingress.tell(now));
    }
  }

  /** Repeated until all have answered, since messages between nodes may be lost. */
  void askToForget() {
    ingresses.forEach(ingress -> ingress.tell(deleted()));
  }

  void watch(ActorRef<DeployReply> watcher) {
    if (watchers.add(watcher)) {
      context.watchWith(watcher, new DeploymentController.WatcherLost(watcher));
    }
    watcher.tell(status.get());
  }

  void unwatch(ActorRef<DeployReply> watcher) {
    watchers.remove(watcher);
  }

  boolean isWatched() {
    return !watchers.isEmpty();
  }

  /** Tells the watchers the status, if there are any and it has changed. */
  void publish() {
    if (watchers.isEmpty()) {
      return;
    }
    DeployReply now = status.get();
    if (!now.equals(published)) {
      published = now;
      watchers.forEach(watcher -> watcher.tell(now));
    }
  }

  void awaitEnd(ActorRef<DeployReply> deleter) {
    deleters.add(deleter);
  }

  /** The deployment has ended. */
  void end() {
    DeployReply gone = new DeploymentController.NotDeployed(modelId);
    deleters.forEach(deleter -> deleter.tell(gone));
    watchers.forEach(watcher -> watcher.tell(gone));
  }
}
