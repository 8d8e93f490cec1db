package io.phalanx.llm.layers;

import io.phalanx.llm.layers.BatchLayout.Span;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A step as LibTorch's operators read it: tensors on the rank's device, all of the scope in which
 * it was made.
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
record TorchStep(
    Tensor tokenIds,
    Tensor slots,
    Tensor sampleRows,
    RotaryEmbedding rotary,
    List<SequenceContext> contexts,
    @Nullable List<SequenceContext> lastLayer)
    implements ModelStep {

  /** Returns {@code step}, which {@link TorchAttention} made. */
  static TorchStep of(ModelStep step) {
    return (TorchStep) step;
  }

  @Override
  public int numTokens() {
    return (int) tokenIds.numel();
  }

  @Override
  public TorchStep ofLastLayer() {
    return lastLayer == null
        ? this
        : new TorchStep(tokenIds, slots, sampleRows, rotary, lastLayer, lastLayer);
  }

  @Override
  public Tensor queryRows(Tensor rows) {
    return contexts == lastLayer ? rows.index_select(0, sampleRows) : rows;
  }

  @Override
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
     * @param type of the result
     * @return {@code [length, K, D]}, a view where the blocks follow each other and have the type,
     *     else a copy
     */
    Tensor gather(Tensor slots, ScalarType type) {
      Tensor own =
          scattered == null ? slots.narrow(0, firstSlot, length) : slots.index_select(0, scattered);
      return own.to(type);
    }
  }

  /**
   * Expands a step on the device of {@code inverseFrequencies}.
   *
   * @param inverseFrequencies {@code [D / 2]}, float32
   * @param type of activations
   */
  static TorchStep of(
      BatchLayout layout, int blockSize, Tensor inverseFrequencies, ScalarType type) {
    Device device = inverseFrequencies.device();
    List<SequenceContext> contexts = new ArrayList<>();
    for (Span span : layout.spans()) {
      contexts.add(context(span, blockSize, device));
    }
    Tensor positions = onDevice(layout.positions(), device).to(ScalarType.Float);
    return new TorchStep(
        onDevice(layout.tokenIds(), device),
        onDevice(layout.slots(), device),
        onDevice(layout.sampleRows(), device),
        RotaryEmbedding.of(positions, inverseFrequencies, type),
        contexts,
        lastQueries(layout, contexts));
  }

  private static @Nullable List<SequenceContext> lastQueries(
      BatchLayout layout, List<SequenceContext> contexts) {
    if (!layout.drawsFewerThanAll()) {
      return null;
    }
    List<SequenceContext> last = new ArrayList<>();
    for (int row = 0; row < layout.sampleSpans().length; row++) {
      last.add(contexts.get(layout.sampleSpans()[row]).lastQueryAt(row));
    }
    return last;
  }

  private static SequenceContext context(Span span, int blockSize, Device device) {
    int[] blocks = span.blocks();
    int used = (span.contextLength() + blockSize - 1) / blockSize;
    boolean inRow = true;
    for (int i = 1; i < used; i++) {
      inRow &= blocks[i] == blocks[i - 1] + 1;
    }
    Tensor scattered = inRow ? null : onDevice(slotsOf(span, blockSize), device);
    return new SequenceContext(
        span.firstToken(),
        span.numTokens(),
        span.contextLength(),
        (long) blocks[0] * blockSize,
        scattered);
  }

  private static int[] slotsOf(Span span, int blockSize) {
    int[] slots = new int[span.contextLength()];
    for (int p = 0; p < slots.length; p++) {
      slots[p] = span.blocks()[p / blockSize] * blockSize + p % blockSize;
    }
    return slots;
  }

  private static Tensor onDevice(int[] values, Device device) {
    return torch.tensor(Arrays.stream(values).asLongStream().toArray()).to(device, ScalarType.Long);
  }
}
