package io.phalanx.llm.models;

import java.util.ArrayList;
import java.util.List;

/**
 * The decoder layers of one pipeline stage.
 *
 * @param firstLayer of this stage
 * @param numLayers of this stage, at least 1
 * @param isFirst whether the stage embeds tokens
 * @param isLast whether the stage computes logits
 */
record PipelineStage(int firstLayer, int numLayers, boolean isFirst, boolean isLast) {

  /**
   * Cuts the layers so that the stage with the most work has as little as can be; what the stages
   * before the last do not share evenly goes to the later of them, since the first also embeds.
   *
   * @param headLayers the work of the output projection, in layers
   */
  static List<PipelineStage> cut(int numLayers, double headLayers, int stages) {
    int last = layersOfLast(numLayers, headLayers, stages);
    List<PipelineStage> cut = new ArrayList<>();
    int first = 0;
    for (int stage = 0; stage < stages - 1; stage++) {
      int layers = (numLayers - last + stage) / (stages - 1);
      cut.add(new PipelineStage(first, layers, stage == 0, false));
      first += layers;
    }
    cut.add(new PipelineStage(first, last, stages == 1, true));
    return cut;
  }

  private static int layersOfLast(int numLayers, double headLayers, int stages) {
    int last = stages == 1 ? numLayers : 1;
    while (last + stages <= numLayers
        && most(numLayers, headLayers, stages, last + 1)
            <= most(numLayers, headLayers, stages, last)) {
      last++;
    }
    return last;
  }

  /** Returns the work of the stage with the most, if the last has {@code last} layers. */
  private static double most(int numLayers, double headLayers, int stages, int last) {
    int others = (numLayers - last + stages - 2) / (stages - 1);
    return Math.max(others, last + headLayers);
  }
}
