package io.phalanx.llm.models;

import io.phalanx.llm.layers.RowShare;
import java.util.ArrayList;
import java.util.List;

/**
 * The decoder layers of one pipeline stage, and its part of the output projection.
 *
 * @param firstLayer of this stage
 * @param numLayers of this stage, at least 1
 * @param isFirst whether the stage embeds and draws tokens
 * @param isLast whether the stage has the last layer
 * @param output rows of the output projection that the stage has; perhaps none
 */
record PipelineStage(
    int firstLayer, int numLayers, boolean isFirst, boolean isLast, RowShare output) {

  /**
   * Cuts the layers evenly, which is what counts for prompts; what is left over goes to the later
   * stages, since the first also embeds and the last computes only drawn rows in its last layer.
   * Then cuts the output projection, which every step of decoding reads, so that the stage with the
   * most of both has as little as can be.
   *
   * @param headLayers the work of the output projection, in layers, above 0
   */
  static List<PipelineStage> cut(int numLayers, double headLayers, int stages) {
    double level = level(numLayers, headLayers, stages);
    List<PipelineStage> cut = new ArrayList<>();
    int first = 0;
    double from = 0;
    for (int stage = 0; stage < stages; stage++) {
      int layers = layers(numLayers, stages, stage);
      boolean last = stage == stages - 1;
      double share = Math.max(0, level - layers) / headLayers;
      double to = last ? 1 : Math.min(1, from + share);
      cut.add(new PipelineStage(first, layers, stage == 0, last, new RowShare(from, to)));
      first += layers;
      from = to;
    }
    return cut;
  }

  private static int layers(int numLayers, int stages, int stage) {
    return (numLayers + stage) / stages;
  }

  /**
   * Returns the work up to which the output projection fills the stages, those with the fewest
   * layers first.
   */
  private static double level(int numLayers, double headLayers, int stages) {
    double work = headLayers;
    double level = 0;
    for (int stage = 0; stage < stages; stage++) {
      int layers = layers(numLayers, stages, stage);
      if (stage > 0 && level <= layers) {
        return level;
      }
      work += layers;
      level = work / (stage + 1);
    }
    return level;
  }
}
