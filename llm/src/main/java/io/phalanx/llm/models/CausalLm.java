package io.phalanx.llm.models;

import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.ModelStep;
import org.bytedeco.pytorch.Tensor;

/**
 * One rank's part of a language model that predicts the next token: some of its layers, and a share
 * of each.
 *
 * <p>Letters: {@code T} scheduled tokens, {@code R} rows whose token is drawn. Tensors have the
 * rank's activation type and device and belong to the caller's scope.
 */
public interface CausalLm {

  /**
   * Looks up a step's tokens; on the first stage only.
   *
   * @return {@code [T, hidden]}
   */
  Tensor embed(ModelStep step);

  /**
   * Runs this stage's decoder layers.
   *
   * @param hidden {@code [T, hidden]}; may be changed
   * @param cache gets the step's keys and values
   * @return {@code [T, hidden]}, contiguous; on the last stage {@code [R, hidden]}, since nobody
   *     needs the other rows after the last layer
   */
  Tensor decode(Tensor hidden, KvCache cache, ModelStep step);

  /**
   * Normalizes what the last layer returned; on the last stage only.
   *
   * @param hidden {@code [R, hidden]}; not changed
   * @return {@code [R, hidden]}, contiguous
   */
  Tensor normalize(Tensor hidden);

  /**
   * Computes the logits that this rank has a share in; on a stage with a part of the output
   * projection only.
   *
   * @param rows {@code [R, hidden]}, normalized
   * @return {@code [R, this rank's rows of the output projection]}
   */
  Tensor logits(Tensor rows);
}
