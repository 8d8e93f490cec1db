package io.phalanx.llm.layers;

import io.phalanx.runtime.collective.ProcessGroup;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The token embedding, its rows spread over the ranks; the vocabulary is padded with zero rows to a
 * multiple of the ranks. Rows stay in the checkpoint's type, mapped from the file where they can
 * be.
 */
public final class VocabParallelEmbedding {
  private final Tensor rows;
  private final long firstRow;
  private final LayerContext context;

  private VocabParallelEmbedding(Tensor rows, long firstRow, LayerContext context) {
    this.rows = rows;
    this.firstRow = firstRow;
    this.context = context;
  }

  /** Loads this rank's rows of {@code name + ".weight"}. */
  public static VocabParallelEmbedding load(
      LayerContext context, String name, int vocabSize, int hiddenSize) {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = ownRows(context, name, vocabSize, hiddenSize);
      Tensor placed = rows.to(context.kernels().device(), rows.scalar_type());
      long first = rows.size(0) * context.rank();
      return new VocabParallelEmbedding(context.owner().keep(placed), first, context);
    }
  }

  /**
   * Cuts this rank's rows, the same number on every rank.
   *
   * @return {@code [ceil(vocabSize / ranks), hiddenSize]}, a view of the mapped file where no row
   *     is padding; of the caller's scope
   */
  static Tensor ownRows(LayerContext context, String name, int vocabSize, int hiddenSize) {
    long perRank = (vocabSize + context.size() - 1L) / context.size();
    long first = Math.min(vocabSize, perRank * context.rank());
    long count = Math.min(perRank, vocabSize - first);
    Tensor matrix = context.weights().tensor(name + ".weight", vocabSize, hiddenSize);
    Tensor own = matrix.narrow(0, first, count);
    return count == perRank ? own : torch.constant_pad_nd(own, 0, 0, 0, perRank - count);
  }

  /**
   * Looks up each token of a step.
   *
   * @return {@code [T, hidden]}, activation type, the same on every rank
   */
  public Tensor forward(ModelStep step) {
    Tensor found = context.kernels().elementwise().embed(rows, firstRow, step);
    ProcessGroup group = context.group();
    if (group.size() > 1) {
      group.allReduce(found);
    }
    return found;
  }
}
