package io.phalanx.llm.layers;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A way to lay out and to attend keys and values; {@link Kernels} chooses one for each device.
 *
 * <p>Steps and layers of cache that a method is given are those that it made.
 */
public interface AttentionMethod {

  /** Returns how keys and values are kept. */
  CacheSettings cache();

  /**
   * Makes the attention of one decoder layer.
   *
   * @param heads of this rank
   * @param queryNorm applied to each query head, or null
   * @param keyNorm applied to each key head, or null
   * @param owner gets what the layer keeps
   */
  PagedAttention layer(
      Heads heads, @Nullable RmsNorm queryNorm, @Nullable RmsNorm keyNorm, NativeOwner owner);

  /**
   * Takes memory for the keys and values of one layer, holding anything; on a CPU its pages are
   * committed as they are first written.
   *
   * @param heads of this rank
   * @param owner keeps the memory
   */
  KvCache.Layer allocate(int numBlocks, Heads heads, NativeOwner owner);

  /**
   * Expands a step.
   *
   * @param inverseFrequencies {@code [D / 2]}, float32, on the rank's device
   * @return of the caller's scope
   */
  ModelStep step(ModelInput input, Tensor inverseFrequencies);
}
