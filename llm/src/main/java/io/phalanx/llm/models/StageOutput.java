package io.phalanx.llm.models;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.layers.Kernels;
import io.phalanx.llm.layers.LmHead;
import io.phalanx.runtime.collective.ProcessGroup;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The way from the last layer to logits: the last stage sends the rows whose token is drawn to the
 * others, each computes the logits of its part of the vocabulary, and the first, which draws, gets
 * them all.
 */
/*
 * What goes forward through the pipeline are only hidden states, and what goes back is only this, so
 * every pair of ranks sends in the order of the steps, whichever layers a stage computes in between.
 */
final class StageOutput {
  private final RankContext rank;
  private final ModelConfig config;
  private final CausalLm model;
  private final Kernels kernels;

  /** How many logits of a token each stage computes. */
  private final long[] columns;

  /** On the last stage, what {@link #end} goes on with; null if the step draws nothing. */
  private @Nullable Tensor rows;

  StageOutput(RankContext rank, ModelConfig config, CausalLm model, Kernels kernels) {
    this.rank = rank;
    this.config = config;
    this.model = model;
    this.kernels = kernels;
    long all = LmHead.columns(config.vocabSize(), rank.tensorGroup());
    this.columns =
        config.stages(rank.pipelineParallelSize()).stream()
            .mapToLong(stage -> stage.output().count(all))
            .toArray();
  }

  /**
   * Sends the rows that a step draws from, or that there are none; on the last stage.
   *
   * @param hidden {@code [R, hidden]}, what the last layer returned
   */
  void begin(ModelInput input, Tensor hidden) {
    if (!input.samples().isEmpty()) {
      Tensor normalized = model.normalize(hidden);
      normalized.retainReference();
      rows = normalized;
    }
    for (int stage = 0; stage < rank.pipelineStage(); stage++) {
      if (getsRows(stage, input)) {
        pipeline().send(rows == null ? kernels.empty(1, 1) : rows, stage);
      }
    }
  }

  /** The first stage hears of every step, since it says when the step is over. */
  private boolean getsRows(int stage, ModelInput input) {
    return stage == 0 || (columns[stage] > 0 && !input.samples().isEmpty());
  }

  /**
   * Computes this rank's logits of a step and brings them to the first stage.
   *
   * @return {@code [R, vocab]} on every rank of the first stage, of the caller's scope; null on the
   *     others and where no token is drawn
   */
  @Nullable Tensor end(ModelInput input) {
    Tensor kept = rows;
    rows = null;
    try {
      Tensor from = kept == null && !rank.isLastStage() ? receiveRows(input) : kept;
      if (input.samples().isEmpty() || from == null) {
        return null;
      }
      Tensor own = columns[rank.pipelineStage()] > 0 ? model.logits(from) : null;
      return rank.pipelineStage() == 0 ? gather(own, input.samples().size()) : send(own);
    } finally {
      if (kept != null) {
        kept.releaseReference();
      }
    }
  }

  private @Nullable Tensor receiveRows(ModelInput input) {
    if (!getsRows(rank.pipelineStage(), input)) {
      return null;
    }
    int count = input.samples().size();
    Tensor received = count == 0 ? kernels.empty(1, 1) : kernels.empty(count, config.hiddenSize());
    pipeline().receive(received, rank.pipelineParallelSize() - 1);
    return received;
  }

  private @Nullable Tensor send(@Nullable Tensor own) {
    if (own != null) {
      pipeline().send(own, 0);
    }
    return null;
  }

  /** Puts the stages' logits side by side, and then those of the ranks that share each layer. */
  private Tensor gather(@Nullable Tensor own, int count) {
    List<Tensor> parts = new ArrayList<>();
    if (own != null) {
      parts.add(own);
    }
    for (int stage = 1; stage < columns.length; stage++) {
      if (columns[stage] > 0) {
        Tensor part = kernels.empty(count, columns[stage]);
        pipeline().receive(part, stage);
        parts.add(part);
      }
    }
    Tensor all =
        parts.size() == 1
            ? parts.get(0)
            : torch.cat(new TensorVector(parts.toArray(new Tensor[0])), 1);
    return LmHead.gather(all, config.vocabSize(), rank.tensorGroup());
  }

  private ProcessGroup pipeline() {
    return rank.pipelineGroup();
  }
}
