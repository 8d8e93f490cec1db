package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;

/**
 * Views that let query heads share key/value heads without copying those: the key/value head is the
 * batch dimension, and the query heads that share it are the heads.
 *
 * @param kvHeads {@code K}
 * @param queriesPerKvHead {@code G = H / K}
 * @param headDim {@code D}
 */
record HeadGroups(long kvHeads, long queriesPerKvHead, long headDim) {

  /** Returns the groups of {@code query [T, H, D]} over {@code keys [L, K, D]}. */
  static HeadGroups of(Tensor query, Tensor keys) {
    return new HeadGroups(keys.size(1), query.size(1) / keys.size(1), query.size(2));
  }

  /** {@code [T, H, D]} to {@code [K, G, T, D]}. */
  Tensor query(Tensor query) {
    return query.view(query.size(0), kvHeads, queriesPerKvHead, headDim).permute(1, 2, 0, 3);
  }

  /** {@code [L, K, D]} to {@code [K, G, L, D]}, the same memory for all {@code G}. */
  Tensor keysOrValues(Tensor tensor) {
    return tensor
        .permute(1, 0, 2)
        .unsqueeze(1)
        .expand(kvHeads, queriesPerKvHead, tensor.size(0), headDim);
  }

  /** {@code [K, G, T, D]} to {@code [T, H, D]}. */
  Tensor ungroup(Tensor attended) {
    long tokens = attended.size(2);
    return attended.permute(2, 0, 1, 3).reshape(tokens, kvHeads * queriesPerKvHead, headDim);
  }
}
