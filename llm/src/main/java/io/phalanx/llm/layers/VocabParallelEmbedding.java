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
      Tensor rows = ownRows(context, name, new long[] {vocabSize, hiddenSize}, RowShare.ALL);
      Tensor placed = rows.to(context.kernels().device(), rows.scalar_type());
      long first = rows.size(0) * context.rank();
      return new VocabParallelEmbedding(context.owner().keep(placed), first, context);
    }
  }

  /** Returns the rows of each of {@code ranks}, padding included. */
  static long rowsPerRank(long vocabSize, int ranks) {
    return (vocabSize + ranks - 1) / ranks;
  }

  /**
   * Cuts this rank's rows.
   *
   * @param shape {@code {vocabSize, hiddenSize}}
   * @param share which of the {@link #rowsPerRank}
   * @return {@code [rows, hiddenSize]}, a view of the mapped file where no row is padding; of the
   *     caller's scope
   */
  static Tensor ownRows(LayerContext context, String name, long[] shape, RowShare share) {
    long perRank = rowsPerRank(shape[0], context.size());
    long count = share.count(perRank);
    long first = Math.min(shape[0], perRank * context.rank() + share.first(perRank));
    long there = Math.min(count, shape[0] - first);
    Tensor own = context.weights().tensor(name + ".weight", shape).narrow(0, first, there);
    return there == count ? own : torch.constant_pad_nd(own, 0, 0, 0, count - there);
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
