package io.phalanx.llm.layers;

import io.phalanx.runtime.collective.ProcessGroup;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** The projection from hidden states to logits, the vocabulary spread over the ranks. */
public final class LmHead {
  private final Linear linear;
  private final ProcessGroup group;
  private final int vocabSize;

  private LmHead(Linear linear, ProcessGroup group, int vocabSize) {
    this.linear = linear;
    this.group = group;
    this.vocabSize = vocabSize;
  }

  /**
   * Loads this rank's rows.
   *
   * @param name without {@code .weight}; the embedding's where the model ties the two
   */
  public static LmHead load(LayerContext context, String name, int vocabSize, int hiddenSize) {
    try (PointerScope scope = new PointerScope()) {
      Tensor rows = VocabParallelEmbedding.ownRows(context, name, vocabSize, hiddenSize);
      Linear linear = context.kernels().linear().prepare(List.of(rows), null, context.owner());
      return new LmHead(linear, context.group(), vocabSize);
    }
  }

  /**
   * Computes logits and gathers them on every rank.
   *
   * @param hidden {@code [rows, hidden]}, only the rows whose token is drawn
   * @return {@code [rows, vocab]}, activation type
   */
  public Tensor forward(Tensor hidden) {
    Tensor own = linear.forward(hidden);
    if (group.size() == 1) {
      return own;
    }
    return group.allGatherColumns(own).narrow(1, 0, vocabSize);
  }
}
