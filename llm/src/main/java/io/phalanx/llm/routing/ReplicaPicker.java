package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import java.util.Optional;

/**
 * A policy that chooses the replica of each request.
 *
 * @param <R> a replica
 */
public interface ReplicaPicker<R> {

  /** Returns the replica that a request should go to; empty if all are full or there is none. */
  Optional<R> pick(GenerationRequest request, ReplicaLoads<R> loads);

  /** Takes note of where a request was sent. */
  default void sent(GenerationRequest request, R replica) {}

  /** Takes note of a replica that takes no more requests. */
  default void removed(R replica) {}
}
