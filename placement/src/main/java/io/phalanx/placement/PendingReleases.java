package io.phalanx.placement;

import io.phalanx.placement.reservation.Holding;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/** Releases that wait until the last actor in their bundles has stopped; for one node agent. */
final class PendingReleases {
  private final String nodeId;
  private final LedgerRequests requests;
  private final BundleActors actors;
  private final Set<NodeAgent.Release> waiting = new LinkedHashSet<>();

  PendingReleases(String nodeId, LedgerRequests requests, BundleActors actors) {
    this.nodeId = nodeId;
    this.requests = requests;
    this.actors = actors;
  }

  /** Stops what runs in bundles that are to be freed, and frees those in which nothing does. */
  void add(NodeAgent.Release release) {
    for (Holding holding : requests.releasing(release.groupId())) {
      if (!actors.stopAll(holding.id())) {
        requests.ledger().free(holding.id());
      }
    }
    waiting.add(release);
    answerFinished();
  }

  /** An actor in a bundle has stopped. */
  void stopped(BundleId bundle) {
    if (actors.isEmpty(bundle)) {
      requests.ledger().free(bundle);
      answerFinished();
    }
  }

  /** Confirms those of which nothing is left. */
  private void answerFinished() {
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
    return requests.releasing(release.groupId()).stream()
        .map(Holding::bundleIndex)
        .noneMatch(index -> release.bundles().isEmpty() || release.bundles().contains(index));
  }
}
