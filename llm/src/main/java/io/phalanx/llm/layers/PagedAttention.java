package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The attention of one decoder layer over KV blocks: writes a step's keys and values to their
 * slots, then attends its queries. No sequence's result depends on which others are in the step.
 *
 * @see <a href="https://arxiv.org/abs/2309.06180">Kwon et al., PagedAttention (2023)</a>
 */
@FunctionalInterface
public interface PagedAttention {

  /**
   * Normalizes and rotates queries and keys, writes keys and values, and attends each query to what
   * its sequence has written so far.
   *
   * <p>Letters: {@code H} query and {@code K} key/value heads <em>of this rank</em>, {@code D} head
   * size, {@code Q} queries, which are all {@code T} rows but in the last layer.
   *
   * @param projected {@code [T, (H + 2 K) * D]}, activation type, contiguous: queries, then keys,
   *     then values; holds anything afterwards
   * @param cache gets the step's keys and values
   * @return {@code [Q, H * D]}, contiguous, of the caller's scope; null if the step has no queries
   */
  @Nullable Tensor forward(Tensor projected, KvCache.Layer cache, ModelStep step);
}
