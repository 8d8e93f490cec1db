package io.phalanx.llm.serving;

import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Models;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;

/** The models that this node's ingress knows; one for each actor system, filled by the ingress. */
public final class ModelCatalog implements Models, Extension {
  private static final Id ID = new Id();

  private final ConcurrentSkipListMap<String, ModelHandle> handles = new ConcurrentSkipListMap<>();

  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  private ModelCatalog() {}

  /** Returns the catalog of the node that {@code system} runs. */
  public static ModelCatalog get(ActorSystem<?> system) {
    return ID.apply(system);
  }

  /** Adds a model or replaces the one with the same id. */
  public void put(ModelHandle handle) {
    handles.put(handle.modelId(), handle);
    changed();
  }

  /** Forgets a model. */
  public void remove(String modelId) {
    handles.remove(modelId);
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
    return Optional.ofNullable(handles.get(modelId));
  }

  @Override
  public List<ModelHandle> all() {
    return handles.values().stream().filter(ModelCatalog::isKnown).toList();
  }

  private static boolean isKnown(ModelHandle handle) {
    return !(handle instanceof DeployedModel deployed) || deployed.isKnown();
  }

  @Override
  public boolean allReady() {
    return !handles.isEmpty() && handles.values().stream().allMatch(ModelHandle::ready);
  }

  private static final class Id extends ExtensionId<ModelCatalog> {
    @Override
    public ModelCatalog createExtension(ActorSystem<?> system) {
      return new ModelCatalog();
    }
  }
}
