package io.phalanx.placement;

import io.phalanx.placement.reservation.Holding;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/** Releases that wait until the last actor in their bundles has stopped; for one node agent. */
final class PendingReleases {
  private final String nodeId;
  private final LedgerRequests ledger;
  private final Set<NodeAgent.Release> waiting = new LinkedHashSet<>();

  PendingReleases(String nodeId, LedgerRequests ledger) {
    this.nodeId = nodeId;
    this.ledger = ledger;
  }

  void add(NodeAgent.Release release) {
    waiting.add(release);
  }

  /** Confirms those of which nothing is left. */
  void answerFinished() {
    Iterator<NodeAgent.Release> releases = waiting.iterator();
    while (releases.hasNext()) {
      NodeAgent.Release release = releases.next();
      if (isFinished(release)) {
        releases.remove();
        release
            .replyTo()
            .tell(
                new NodeReply.Released(
                    nodeId, release.epoch(), release.groupId(), release.attempt()));
      }
    }
  }

  private boolean isFinished(NodeAgent.Release release) {
    return ledger.releasing(release.groupId()).stream()
        .map(Holding::bundleIndex)
        .noneMatch(index -> release.bundles().isEmpty() || release.bundles().contains(index));
  }
}
