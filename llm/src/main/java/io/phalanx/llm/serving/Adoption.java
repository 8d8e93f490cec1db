package io.phalanx.llm.serving;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The replicas that have announced themselves, until all of their gang have. */
final class Adoption {
  private record Key(String version, int gang) {}

  private final Map<Key, Map<String, DeploymentController.Announce>> announced = new HashMap<>();

  /** Takes an announcement; returns its whole gang if it was the last that was missing. */
  Optional<List<DeploymentController.Announce>> add(DeploymentController.Announce announce) {
    ReplicaSpec spec = announce.spec();
    Key key = new Key(spec.version().id(), spec.gang());
    Map<String, DeploymentController.Announce> gang =
        announced.computeIfAbsent(key, any -> new TreeMap<>());
    gang.put(spec.name(), announce);
    if (gang.size() < spec.config().parallel().dataParallelSize()) {
      return Optional.empty();
    }
    announced.remove(key);
    return Optional.of(List.copyOf(gang.values()));
  }
}
