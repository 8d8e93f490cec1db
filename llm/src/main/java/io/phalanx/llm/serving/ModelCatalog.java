package io.phalanx.llm.serving;

import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Models;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;

/**
 * The models that this node's ingress knows; one for each actor system, filled by the ingress.
 * While an update rolls, a model has several versions, and each look-up picks one in proportion to
 * its ready replicas.
 */
public final class ModelCatalog implements Models, Extension {
  private static final Id ID = new Id();

  private final ConcurrentSkipListMap<String, List<DeployedModel>> models =
      new ConcurrentSkipListMap<>();

  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  private ModelCatalog() {}

  /** Returns the catalog of the node that {@code system} runs. */
  public static ModelCatalog get(ActorSystem<?> system) {
    return ID.apply(system);
  }

  /** Adds a model with its live versions, the wanted one last, or replaces them. */
  void put(String modelId, List<DeployedModel> versions) {
    models.put(modelId, List.copyOf(versions));
    changed();
  }

  /** Forgets a model. */
  void remove(String modelId) {
    models.remove(modelId);
    changed();
  }

  /** Runs the listener whenever a model comes, goes or changes its readiness. */
  void addListener(Runnable listener) {
    listeners.add(listener);
  }

  void removeListener(Runnable listener) {
    listeners.remove(listener);
  }

  /** A model of the catalog has changed. */
  void changed() {
    listeners.forEach(Runnable::run);
  }

  @Override
  public Optional<ModelHandle> find(String modelId) {
    return Optional.ofNullable(models.get(modelId)).map(ModelCatalog::pick);
  }

  /** Where none is ready, one that was lets a request wait until another takes its place. */
  private static ModelHandle pick(List<DeployedModel> versions) {
    List<DeployedModel> ready = versions.stream().filter(ModelHandle::ready).toList();
    int replicas = ready.stream().mapToInt(DeployedModel::replicas).sum();
    int drawn = replicas > 1 ? ThreadLocalRandom.current().nextInt(replicas) : 0;
    for (DeployedModel version : ready) {
      drawn -= version.replicas();
      if (drawn < 0) {
        return version;
      }
    }
    return versions.stream()
        .filter(DeployedModel::hasServed)
        .reduce((earlier, later) -> later)
        .orElse(versions.get(versions.size() - 1));
  }

  @Override
  public List<ModelHandle> all() {
    return models.values().stream()
        .filter(versions -> versions.stream().anyMatch(DeployedModel::isKnown))
        .map(ModelCatalog::known)
        .toList();
  }

  private static ModelHandle known(List<DeployedModel> versions) {
    ModelHandle picked = pick(versions);
    return ((DeployedModel) picked).isKnown()
        ? picked
        : versions.stream().filter(DeployedModel::isKnown).findFirst().orElseThrow();
  }

  @Override
  public boolean allReady() {
    return !models.isEmpty()
        && models.values().stream()
            .allMatch(versions -> versions.stream().anyMatch(DeployedModel::answers));
  }

  private static final class Id extends ExtensionId<ModelCatalog> {
    @Override
    public ModelCatalog createExtension(ActorSystem<?> system) {
      return new ModelCatalog();
    }
  }
}
