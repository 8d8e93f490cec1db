package io.phalanx.llm.models;

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
   * Cuts the layers evenly. What is left over goes to the middle stages, since the first also
   * embeds and the last also projects to the vocabulary.
   */
  static PipelineStage of(int numLayers, int stage, int stages) {
    int first = 0;
    for (int before = 0; before < stage; before++) {
      first += layersOf(numLayers, before, stages);
    }
    return new PipelineStage(
        first, layersOf(numLayers, stage, stages), stage == 0, stage == stages - 1);
  }

  private static int layersOf(int numLayers, int stage, int stages) {
    int remainder = numLayers % stages;
    int firstWithMore = (stages - remainder) / 2;
    boolean more = stage >= firstWithMore && stage < firstWithMore + remainder;
    return numLayers / stages + (more ? 1 : 0);
  }
}
