package io.phalanx.llm.models;

import io.phalanx.llm.layers.RowShare;
import java.util.ArrayList;
import java.util.List;

/**
 * What one pipeline stage has of a model.
 *
 * @param firstLayer decoder layer that the stage begins with
 * @param numLayers decoder layers of the stage, at least 1
 * @param isLast whether the stage has the last layer
 * @param output rows of the output projection that the stage has; perhaps none
 * @param takenOver share of a prompt's rows for which the stage computes the feed-forward block of
 *     the layer before its first; 0 on the first stage
 * @param leftOver share of a prompt's rows for which the next stage computes that of this stage's
 *     last layer; 0 on the last stage
 */
record PipelineStage(
    int firstLayer,
    int numLayers,
    boolean isLast,
    RowShare output,
    double takenOver,
    double leftOver) {

  /** Rows from which on a step counts as a prompt: reading a block's weights again costs little. */
  private static final int PROMPT_ROWS = 64;

  /** How much of its time the last stage may be idle with prompts before it takes work over. */
  private static final double MOST_IDLE = 0.1;

  /**
   * The work of a model's parts beside that of a decoder layer.
   *
   * @param head of the output projection, above 0
   * @param feedForward of a layer's feed-forward block, below 1
   */
  record Work(double head, double feedForward) {}

  /**
   * Cuts the layers evenly, the later stages having one more where there is a rest, and fills up
   * with the output projection, which every step of decoding reads, so that the stage with the most
   * of both has as little as can be.
   *
   * <p>For prompts the output projection is nothing, and so is the last layer, of which only drawn
   * rows are computed. Where that would leave the last stage idle, each stage leaves a part of its
   * last feed-forward block to the next.
   */
  static List<PipelineStage> cut(int numLayers, Work work, int stages) {
    double level = level(numLayers, work.head(), stages);
    List<PipelineStage> cut = new ArrayList<>();
    int first = 0;
    double row = 0;
    double taken = 0;
    for (int stage = 0; stage < stages; stage++) {
      int layers = layers(numLayers, stages, stage);
      boolean last = stage == stages - 1;
      double end = last ? 1 : Math.min(1, row + Math.max(0, level - layers) / work.head());
      double excess = last ? 0 : excess(first + layers, numLayers, stages, stage);
      double left = Math.min(1, excess / work.feedForward());
      cut.add(new PipelineStage(first, layers, last, new RowShare(row, end), taken, left));
      first += layers;
      row = end;
      taken = left;
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
  private static double level(int numLayers, double head, int stages) {
    double work = head;
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

  /** Returns by how much a prompt's work in the stages up to this one exceeds their even share. */
  private static double excess(int layersSoFar, int numLayers, int stages, int stage) {
    double even = (numLayers - 1.0) / stages;
    boolean idles = 1 > MOST_IDLE * layers(numLayers, stages, stages - 1);
    return idles ? Math.max(0, layersSoFar - (stage + 1) * even) : 0;
  }

  /** Returns whether the stage embeds and draws tokens. */
  boolean isFirst() {
    return firstLayer == 0;
  }

  /** Returns how many of a step's last rows the stage takes over. */
  long rowsTakenOver(long rows) {
    return ofPrompt(takenOver, rows);
  }

  /** Returns how many of a step's last rows the stage leaves over. */
  long rowsLeftOver(long rows) {
    return ofPrompt(leftOver, rows);
  }

  private static long ofPrompt(double share, long rows) {
    return rows < PROMPT_ROWS ? 0 : Math.round(share * rows);
  }
}
