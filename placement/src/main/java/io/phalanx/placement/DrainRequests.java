package io.phalanx.placement;

import io.phalanx.placement.PlacementGroupManager.Drain;
import io.phalanx.placement.PlacementGroupManager.DrainReply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Who waits until a node drains, or no longer does; used by the manager alone. */
final class DrainRequests {
  private final Map<String, List<Drain>> ofNode = new HashMap<>();

  void add(String nodeId, Drain request) {
    ofNode.computeIfAbsent(nodeId, id -> new ArrayList<>()).add(request);
  }

  /** Answers those whose wish this is; of those that wish the contrary, the node answers later. */
  void answer(NodeReply.Drained drained) {
    List<Drain> waiting = ofNode.getOrDefault(drained.nodeId(), List.of());
    for (Drain request : List.copyOf(waiting)) {
      if (request.draining() == drained.draining()) {
        waiting.remove(request);
        request.replyTo().tell(new DrainReply(Optional.of(drained.nodeId())));
      }
    }
  }
}
