package io.phalanx.llm.layers;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.layers.BatchLayout.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ModelInput} on the rank's device, made once for a step and shared by all layers; all
 * tensors are of the scope in which it was made.
 *
 * @param tokenIds {@code [T]}, int64
 * @param slots {@code [T]}, int64: where each token's key and value go
 * @param sampleRows {@code [R]}, int64: rows whose next token is drawn
 * @param rotary the step's angles
 * @param contexts of the sequences whose queries are computed; all of them, or those of {@code
 *     lastLayer}
 * @param lastLayer what the last layer computes besides keys and values: the sampled rows alone, or
 *     null where those are all rows
 */
public record StepTensors(
    Tensor tokenIds,
    Tensor slots,
    Tensor sampleRows,
    RotaryEmbedding rotary,
    List<SequenceContext> contexts,
    @Nullable List<SequenceContext> lastLayer) {

  /** Returns the step as the last layer of the last stage computes it: queries of sampled rows. */
  public StepTensors ofLastLayer() {
    return lastLayer == null
        ? this
        : new StepTensors(tokenIds, slots, sampleRows, rotary, lastLayer, lastLayer);
  }

  /**
   * Returns the rows whose queries are computed.
   *
   * @param rows {@code [T, ..]}
   * @return {@code rows} itself, or {@code [R, ..]} of a step that {@link #ofLastLayer} returned
   */
  public Tensor queryRows(Tensor rows) {
    return contexts == lastLayer ? rows.index_select(0, sampleRows) : rows;
  }

  /** Returns whether there is any query to compute. */
  public boolean hasQueries() {
    return !contexts.isEmpty();
  }

  /**
   * Where one sequence's keys and values lie.
   *
   * @param firstToken index of its first scheduled token in {@code T}
   * @param numTokens scheduled in this step
   * @param length tokens with keys and values after this step
   * @param firstSlot of the context where its blocks follow each other
   * @param scattered {@code [length]}, int64, the slot of each token where they do not, else null
   */
  record SequenceContext(
      long firstToken, long numTokens, long length, long firstSlot, @Nullable Tensor scattered) {

    /** Returns this context with its last query alone, in row {@code row}. */
    SequenceContext lastQueryAt(long row) {
      return new SequenceContext(row, 1, length, firstSlot, scattered);
    }

    /**
     * Returns keys or values of the whole context.
     *
     * @param slots {@code [N, K, D]} of a layer
     * @return {@code [length, K, D]}, a view where the blocks follow each other, else a copy
     */
    Tensor gather(Tensor slots) {
      return scattered == null
          ? slots.narrow(0, firstSlot, length)
          : slots.index_select(0, scattered);
    }
  }

  /**
   * Expands a step.
   *
   * @param inverseFrequencies {@code [D / 2]}, float32, on the rank's device
   */
  public static StepTensors of(
      ModelInput input, int blockSize, Tensor inverseFrequencies, Kernels kernels) {
    BatchLayout layout = BatchLayout.of(input, blockSize);
    List<SequenceContext> contexts = new ArrayList<>();
    for (Span span : layout.spans()) {
      contexts.add(context(span, blockSize, kernels));
    }
    long[] tokenIds = Arrays.stream(input.tokenIds()).asLongStream().toArray();
    Tensor positions = torch.tensor(layout.positions()).to(kernels.device(), ScalarType.Float);
    return new StepTensors(
        onDevice(tokenIds, kernels),
        onDevice(layout.slots(), kernels),
        onDevice(layout.sampleRows(), kernels),
        RotaryEmbedding.of(positions, inverseFrequencies, kernels),
        contexts,
        lastQueries(layout, contexts));
  }

  private static @Nullable List<SequenceContext> lastQueries(
      BatchLayout layout, List<SequenceContext> contexts) {
    if (layout.sampleRows().length == layout.slots().length) {
      return null;
    }
    List<SequenceContext> last = new ArrayList<>();
    for (int row = 0; row < layout.sampleSpans().length; row++) {
      last.add(contexts.get(layout.sampleSpans()[row]).lastQueryAt(row));
    }
    return last;
  }

  private static SequenceContext context(Span span, int blockSize, Kernels kernels) {
    int[] blocks = span.blocks();
    int used = (span.contextLength() + blockSize - 1) / blockSize;
    boolean inRow = true;
    for (int i = 1; i < used; i++) {
      inRow &= blocks[i] == blocks[i - 1] + 1;
    }
    Tensor scattered = inRow ? null : onDevice(slotsOf(span, blockSize), kernels);
    return new SequenceContext(
        span.firstToken(),
        span.numTokens(),
        span.contextLength(),
        (long) blocks[0] * blockSize,
        scattered);
  }

  private static long[] slotsOf(Span span, int blockSize) {
    long[] slots = new long[span.contextLength()];
    for (int p = 0; p < slots.length; p++) {
      slots[p] = (long) span.blocks()[p / blockSize] * blockSize + p % blockSize;
    }
    return slots;
  }

  private static Tensor onDevice(long[] values, Kernels kernels) {
    return torch.tensor(values).to(kernels.device(), ScalarType.Long);
  }
}
