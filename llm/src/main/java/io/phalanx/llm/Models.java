package io.phalanx.llm;

import io.phalanx.llm.serving.ModelCatalog;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorSystem;

/** The models that a node with the ingress role offers; safe for many threads. */
public interface Models {

  /** Returns the models of the node that {@code system} runs. */
  static Models of(ActorSystem<?> system) {
    return ModelCatalog.get(system);
  }

  /** Returns the model with this id. */
  Optional<ModelHandle> find(String modelId);

  /** Returns all models whose files are known, in the order of their ids. */
  List<ModelHandle> all();

  /** Returns whether at least one model is deployed and every deployed model is ready. */
  boolean allReady();
}
