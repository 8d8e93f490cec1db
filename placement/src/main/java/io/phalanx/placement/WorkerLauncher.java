package io.phalanx.placement;

import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;

/** Knows how to start what the layer above places in bundles. */
@FunctionalInterface
public interface WorkerLauncher {

  /**
   * Returns the behavior of an actor that {@code spec} describes, which the node agent then starts
   * as its child.
   *
   * @param spec what was asked for
   * @param grant what the actor may use; it ends with the actor
   * @throws io.phalanx.runtime.error.ServingException if {@code spec} is not one it knows; the
   *     launch is refused with its code and text
   */
  Behavior<?> launch(LaunchSpec spec, BundleGrant grant);

  /** Returns how that actor is started, such as with which mailbox. */
  default Props props(LaunchSpec spec) {
    return Props.empty();
  }
}
