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
   * Attends each scheduled token to the keys and values that its sequence has written so far.
   *
   * <p>Letters: {@code T} scheduled tokens of all sequences, {@code H} query and {@code K}
   * key/value heads <em>of this rank</em>, {@code D} head size.
   *
   * @param query {@code [T, H, D]}, activation type, rotary embedding applied
   * @param keys {@code [T, K, D]}, likewise
   * @param values {@code [T, K, D]}
   * @param layer of the cache; gets this step's keys and values
   * @param step where they go and what each sequence sees
   * @return {@code [T, H, D]}, type and device of {@code query}; of the caller's scope
   * @see <a href="https://arxiv.org/abs/2309.06180">Kwon et al., PagedAttention (2023)</a>
   */
  public Tensor forward(
      Tensor query, Tensor keys, Tensor values, KvCache.Layer layer, StepTensors step) {
    layer.write(step.slots(), keys, values);
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
