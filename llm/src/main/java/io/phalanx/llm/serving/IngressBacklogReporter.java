package io.phalanx.llm.serving;

import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;

/** Tells the controller of a deployment how many requests wait at a router, as long as any does. */
final class IngressBacklogReporter {
  private final ActorRef<ReplicaRouter.Command> router;
  private final Consumer<DeploymentController.IngressBacklog> controller;
  private int waiting;

  IngressBacklogReporter(
      ActorRef<ReplicaRouter.Command> router,
      Consumer<DeploymentController.IngressBacklog> controller) {
    this.router = router;
    this.controller = controller;
  }

  /** Takes how many requests wait; the first and the end are told at once. */
  void waiting(int requests) {
    boolean changes = (waiting == 0) != (requests == 0);
    waiting = requests;
    if (changes) {
      tell();
    }
  }

  /** Tells it again if any request waits; called every second. */
  void repeat() {
    if (waiting > 0) {
      tell();
    }
  }

  private void tell() {
    controller.accept(new DeploymentController.IngressBacklog(router, waiting));
  }
}
