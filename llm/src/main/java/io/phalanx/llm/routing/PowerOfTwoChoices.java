package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Of two replicas drawn at random, the one with less to do.
 *
 * @param <R> a replica
 */
public final class PowerOfTwoChoices<R> implements ReplicaPicker<R> {
  private final RandomGenerator random;

  /** Creates the policy over a source of draws. */
  public PowerOfTwoChoices(RandomGenerator random) {
    this.random = random;
  }

  @Override
  public Optional<R> pick(GenerationRequest request, ReplicaLoads<R> loads) {
    List<R> open = loads.open();
    if (open.size() < 2) {
      return open.stream().findFirst();
    }
    R first = open.remove(random.nextInt(open.size()));
    R second = open.get(random.nextInt(open.size()));
    return Optional.of(loads.lessBusy(first, second));
  }
}
