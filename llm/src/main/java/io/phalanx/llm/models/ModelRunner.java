package io.phalanx.llm.models;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One rank of a model: its shard of the weights, its KV blocks and its forward pass.
 *
 * <p>Belongs to its rank's own thread: {@link Loader#load}, {@link #execute} and {@link #close} are
 * called there only.
 */
public interface ModelRunner extends AutoCloseable {

  /** Makes a runner; {@code RankModelRunner::load} is the one that computes. */
  @FunctionalInterface
  interface Loader {
    /**
     * Reads this rank's shard of the weights and takes its KV memory.
     *
     * @param modelDirectory Hugging Face layout
     * @param progress called on this thread, from nothing to everything loaded
     * @throws io.phalanx.runtime.error.ServingException {@code INVALID_MODEL} if a file is missing
     *     or corrupt, {@code INVALID_CONFIGURATION} if the model cannot be cut so, {@code
     *     DEVICE_OUT_OF_MEMORY} if the device cannot hold the shard
     */
    ModelRunner load(
        Path modelDirectory,
        RankContext rank,
        RunnerSettings settings,
        Consumer<LoadProgress> progress);
  }

  /** Returns how many KV blocks this rank holds; the engine uses the least of all ranks. */
  int numBlocks();

  /**
   * Computes this rank's layers of a step, with the other ranks, which get the same input in the
   * same order.
   */
  void execute(ModelInput input);

  /**
   * Computes this rank's logits of a step whose layers it has computed, and draws the step's tokens
   * on rank 0; steps end in the order of their numbers. The ranks of a stage end a step after the
   * same steps' layers. It waits for the step's layers on the last stage.
   *
   * @return the drawn tokens on rank 0, null on every other rank
   */
  @Nullable StepOutput end(ModelInput input);

  /** Frees weights and KV blocks; the process groups stay open. */
  @Override
  void close();
}
