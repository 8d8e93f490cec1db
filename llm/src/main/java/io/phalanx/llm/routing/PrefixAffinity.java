package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Prefers the replica that has seen the longest part of a prompt, and one that has seen little for
 * a prompt that is new, among those that are not much busier than the least busy one.
 *
 * @param <R> a replica
 */
public final class PrefixAffinity<R> implements ReplicaPicker<R> {
  /** The most blocks that are remembered. */
  static final int MAX_BLOCKS = 16_384;

  /** The least share of a prompt that a replica is preferred for. */
  private static final double LEAST_SHARE = 0.1;

  private final ReplicaPicker<R> otherwise;
  private final int imbalanceThreshold;
  private final int blockSize;
  private final PrefixIndex<R> index;

  /**
   * Creates the policy.
   *
   * @param otherwise for prompts without a full block, and when no replica is preferred
   * @param imbalanceThreshold requests more than the least busy one's at which a replica is
   *     preferred no longer
   * @param blockSize tokens that are compared at once: those of a block of the engine's cache
   */
  public PrefixAffinity(ReplicaPicker<R> otherwise, int imbalanceThreshold, int blockSize) {
    this.otherwise = otherwise;
    this.imbalanceThreshold = imbalanceThreshold;
    this.blockSize = blockSize;
    this.index = new PrefixIndex<>(blockSize, MAX_BLOCKS);
  }

  @Override
  public Optional<R> pick(GenerationRequest request, ReplicaLoads<R> loads) {
    long[] names = index.blocks(request);
    List<R> balanced = balanced(loads);
    if (names.length == 0 || balanced.isEmpty()) {
      return otherwise.pick(request, loads);
    }
    PrefixIndex.Match<R> match = index.longest(names, balanced);
    double share = (double) match.blocks() * blockSize / request.promptTokenIds().length;
    R best = share >= LEAST_SHARE ? loads.leastOf(match.replicas()) : emptiest(balanced, loads);
    return Optional.ofNullable(best).or(() -> otherwise.pick(request, loads));
  }

  private List<R> balanced(ReplicaLoads<R> loads) {
    int most = loads.leastRequests() + imbalanceThreshold;
    List<R> balanced = loads.open();
    balanced.removeIf(replica -> loads.requests(replica) >= most);
    return balanced;
  }

  private @Nullable R emptiest(List<R> replicas, ReplicaLoads<R> loads) {
    int least = replicas.stream().mapToInt(index::blocksOf).min().orElse(0);
    List<R> emptiest = new ArrayList<>(replicas);
    emptiest.removeIf(replica -> index.blocksOf(replica) > least);
    return loads.leastOf(emptiest);
  }

  @Override
  public void sent(GenerationRequest request, R replica) {
    index.add(index.blocks(request), replica);
    otherwise.sent(request, replica);
  }

  @Override
  public void removed(R replica) {
    index.remove(replica);
    otherwise.removed(replica);
  }
}
