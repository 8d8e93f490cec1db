package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;

/**
 * A {@link io.phalanx.llm.engine.ModelInput} in the form that a rank's kernels read, made once for
 * a step by {@link AttentionMethod#step} and shared by all layers.
 */
public interface ModelStep {

  /** Returns the number of scheduled tokens, {@code T}. */
  int numTokens();

  /** Returns the step as the last layer of the last stage computes it: queries of sampled rows. */
  ModelStep ofLastLayer();

  /** Returns whether there is any query to compute. */
  boolean hasQueries();

  /**
   * Returns the rows whose queries are computed.
   *
   * @param rows {@code [T, n]}, activation type, contiguous
   * @return {@code rows} itself, or {@code [R, n]} of a step that {@link #ofLastLayer} returned,
   *     for the {@code R} rows whose token is drawn
   */
  Tensor queryRows(Tensor rows);
}
