package io.phalanx.llm;

import java.util.List;
import java.util.Optional;

/** The models that a node with the ingress role offers; safe for many threads. */
public interface Models {

  /** Returns the model with this id. */
  Optional<ModelHandle> find(String modelId);

  /** Returns all models whose files are known, in the order of their ids. */
  List<ModelHandle> all();

  /** Returns whether at least one model is deployed and every deployed model is ready. */
  boolean allReady();
}
