package io.phalanx.llm.serving;

import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/** Whether ingresses find a replica; used by the replica alone. */
final class ReplicaListing {
  private final ActorSystem<?> system;
  private final ServiceKey<Replica.Command> key;
  private boolean listed;

  ReplicaListing(ActorSystem<?> system, ReplicaSpec spec) {
    this.system = system;
    this.key = Replica.serviceKey(spec.config().modelId(), spec.version().id());
  }

  /** Lets ingresses find the replica. */
  void add(ActorRef<Replica.Command> replica) {
    if (!listed) {
      listed = true;
      system.receptionist().tell(Receptionist.register(key, replica));
    }
  }

  /** Lets nobody find it any more. */
  void remove(ActorRef<Replica.Command> replica) {
    if (listed) {
      listed = false;
      system.receptionist().tell(Receptionist.deregister(key, replica));
    }
  }
}
