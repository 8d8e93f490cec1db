package io.phalanx.llm.layers;

import io.phalanx.llm.layers.StepTensors.SequenceContext;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * Attention over KV blocks: writes a step's keys and values to their slots, then attends sequence
 * by sequence. No sequence's result depends on which others are in the step.
 */
public final class PagedAttention {
  private final AttentionMethod method;

  /** Creates the layer. */
  public PagedAttention(Kernels kernels) {
    this.method = kernels.attention();
  }

  /**
   * Writes a step's keys and values.
   *
   * @param keys {@code [T, K, D]}, activation type, rotary embedding applied; {@code K} key/value
   *     heads <em>of this rank</em>
   * @param values {@code [T, K, D]}
   */
  public void write(Tensor keys, Tensor values, KvCache.Layer layer, StepTensors step) {
    layer.write(step.slots(), keys, values);
  }

  /**
   * Attends each query to the keys and values that its sequence has written so far.
   *
   * <p>Letters: {@code Q} queries of all sequences, {@code H} query heads <em>of this rank</em>,
   * {@code D} head size.
   *
   * @param query {@code [Q, H, D]}, activation type, rotary embedding applied
   * @param layer of the cache; this step's keys and values are already in it
   * @param step what each sequence sees; it has queries
   * @return {@code [Q, H, D]}, type and device of {@code query}; of the caller's scope
   * @see <a href="https://arxiv.org/abs/2309.06180">Kwon et al., PagedAttention (2023)</a>
   */
  public Tensor attend(Tensor query, KvCache.Layer layer, StepTensors step) {
    Tensor[] results = new Tensor[step.contexts().size()];
    for (int i = 0; i < results.length; i++) {
      SequenceContext context = step.contexts().get(i);
      results[i] =
          method.attend(
              query.narrow(0, context.firstToken(), context.numTokens()),
              context.gather(layer.keys()),
              context.gather(layer.values()));
    }
    return results.length == 1 ? results[0] : torch.cat(new TensorVector(results), 0);
  }
}
