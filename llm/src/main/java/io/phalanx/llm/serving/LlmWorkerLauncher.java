package io.phalanx.llm.serving;

import io.phalanx.placement.BundleGrant;
import io.phalanx.placement.LaunchSpec;
import io.phalanx.placement.WorkerLauncher;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.MailboxSelector;
import org.apache.pekko.actor.typed.Props;

/** Starts replicas and the workers of their ranks in bundles. */
public final class LlmWorkerLauncher implements WorkerLauncher {
  private final ServingEnvironment environment;

  /** Creates the launcher of a node. */
  public LlmWorkerLauncher(ServingEnvironment environment) {
    this.environment = environment;
  }

  @Override
  public Props props(LaunchSpec spec) {
    return spec instanceof ReplicaSpec
        ? MailboxSelector.fromConfig(ServingSettings.REPLICA_MAILBOX)
        : Props.empty();
  }

  @Override
  public Behavior<?> launch(LaunchSpec spec, BundleGrant grant) {
    if (spec instanceof ReplicaSpec replica) {
      return Replica.create(replica, environment);
    }
    if (spec instanceof WorkerSpec worker) {
      return Worker.create(worker, grant, environment);
    }
    throw new ServingException(
        ErrorCode.INTERNAL, "A [" + spec.getClass().getName() + "] cannot be launched here.");
  }
}
