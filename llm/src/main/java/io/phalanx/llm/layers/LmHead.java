package io.phalanx.llm.layers;

import io.phalanx.runtime.collective.ProcessGroup;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The projection from hidden states to logits. The vocabulary is spread over the ranks that share
 * each layer, and each one's part over the pipeline's stages.
 */
public final class LmHead {
  private final Linear linear;

  private LmHead(Linear linear) {
    this.linear = linear;
  }

  /**
   * Loads this rank's rows.
   *
   * @param name without {@code .weight}; the embedding's where the model ties the two
   * @param share this stage's part of {@link #columns}, at least a row
   */
  public static LmHead load(
      LayerContext context, String name, int vocabSize, int hiddenSize, RowShare share) {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows =
          VocabParallelEmbedding.ownRows(context, name, new long[] {vocabSize, hiddenSize}, share);
      return new LmHead(context.kernels().linear().prepare(List.of(rows), null, context.owner()));
    }
  }

  /**
   * Returns how many logits of a token each rank of {@code group} has, all stages together; the
   * last rank's may include padding.
   */
  public static long columns(int vocabSize, ProcessGroup group) {
    return VocabParallelEmbedding.rowsPerRank(vocabSize, group.size());
  }

  /**
   * Computes this rank's logits.
   *
   * @param rows {@code [R, hidden]}, normalized
   * @return {@code [R, this rank's rows of the matrix]}, activation type
   */
  public Tensor forward(Tensor rows) {
    return linear.forward(rows);
  }

  /**
   * Gathers the logits of the ranks that share each layer.
   *
   * @param own {@code [R, columns]}, of all stages
   * @return {@code [R, vocabSize]}, the same on every rank of {@code group}
   */
  public static Tensor gather(Tensor own, int vocabSize, ProcessGroup group) {
    return group.size() == 1 ? own : group.allGatherColumns(own).narrow(1, 0, vocabSize);
  }
}
