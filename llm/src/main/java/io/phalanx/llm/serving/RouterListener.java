package io.phalanx.llm.serving;

import org.apache.pekko.actor.typed.ActorRef;

/** Hears what a router sees of its model's replicas; called by the router's actor. */
interface RouterListener {

  /** So many replicas take requests now. */
  void onReplicas(int count);

  /** A replica told its backlog. */
  void onReport(Replica.BacklogReport report);

  /** A replica has ended. */
  void onReplicaLost(ActorRef<Replica.Command> replica);
}
