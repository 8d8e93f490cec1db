package io.phalanx.placement;

import io.phalanx.placement.reservation.ResourceLedger;
import java.util.HashMap;
import java.util.Map;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Whom the events of the groups in a node's ledger go to, kept for a later manager; used by the
 * {@link NodeAgent} alone.
 */
final class LedgerSubscribers {
  private final ResourceLedger ledger;
  private final ActorRef<GroupEvent> nobody;
  private final Map<String, ActorRef<GroupEvent>> ofGroup = new HashMap<>();

  LedgerSubscribers(ResourceLedger ledger, ActorRef<GroupEvent> nobody) {
    this.ledger = ledger;
    this.nobody = nobody;
  }

  void put(String groupId, ActorRef<GroupEvent> subscriber) {
    ofGroup.put(groupId, subscriber);
  }

  void forgetIfFree(String groupId) {
    if (ledger.of(groupId).isEmpty()) {
      ofGroup.remove(groupId);
    }
  }

  /** Returns all that the node holds, for whom, and what runs there. */
  NodeState state(BundleActors actors) {
    return NodeState.of(
        ledger.view(),
        ledger.holdings(),
        groupId -> ofGroup.getOrDefault(groupId, nobody),
        actors::of);
  }
}
