package io.phalanx.llm.models;

import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.LmHead;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.RmsNorm;
import io.phalanx.llm.layers.VocabParallelEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The decoder that Llama, Qwen2, Qwen3 and Mistral share; they differ by biases and by the norm of
 * heads, as {@link ModelConfig} says.
 */
final class DecoderLm implements CausalLm {
  /** Name of the embedding's tensor, without {@code .weight}. */
  static final String EMBEDDING = "model.embed_tokens";

  private final PipelineStage stage;
  private final @Nullable VocabParallelEmbedding embedding;
  private final @Nullable FeedForward takenOver;
  private final List<DecoderLayer> layers = new ArrayList<>();
  private final @Nullable RmsNorm finalNorm;
  private final @Nullable LmHead head;

  /** Loads this rank's share of one stage. */
  DecoderLm(
      LayerContext context,
      ModelConfig config,
      PipelineStage stage,
      Consumer<LoadProgress> progress) {
    this.stage = stage;
    int hidden = config.hiddenSize();
    ProgressCounter counter = new ProgressCounter(stage, progress);
    embedding = stage.isFirst() ? embedding(context, config) : null;
    counter.loadedOne();
    takenOver =
        stage.takenOver() > 0
            ? new FeedForward(context, config, prefix(stage.firstLayer() - 1))
            : null;
    for (int i = 0; i < stage.numLayers(); i++) {
      layers.add(new DecoderLayer(context, config, prefix(stage.firstLayer() + i)));
      counter.loadedOne();
    }
    finalNorm =
        stage.isLast()
            ? RmsNorm.load(context, "model.norm", hidden, config.rmsNormEpsilon())
            : null;
    head = loadHead(context, config, stage);
    counter.loadedOne();
  }

  private static String prefix(int layer) {
    return "model.layers." + layer + ".";
  }

  private static VocabParallelEmbedding embedding(LayerContext context, ModelConfig config) {
    return VocabParallelEmbedding.load(context, EMBEDDING, config.vocabSize(), config.hiddenSize());
  }

  private static @Nullable LmHead loadHead(
      LayerContext context, ModelConfig config, PipelineStage stage) {
    int vocab = config.vocabSize();
    if (stage.output().count(LmHead.columns(vocab, context.group())) == 0) {
      return null;
    }
    String name = config.tieWordEmbeddings() ? EMBEDDING : "lm_head";
    return LmHead.load(context, name, vocab, config.hiddenSize(), stage.output());
  }

  private static final class ProgressCounter {
    private final int total;
    private final Consumer<LoadProgress> progress;
    private int loaded;

    ProgressCounter(PipelineStage stage, Consumer<LoadProgress> progress) {
      this.total = stage.numLayers() + 2;
      this.progress = progress;
      progress.accept(new LoadProgress(0, total));
    }

    void loadedOne() {
      loaded++;
      progress.accept(new LoadProgress(loaded, total));
    }
  }

  @Override
  public Tensor embed(ModelStep step) {
    if (embedding == null) {
      throw new IllegalStateException("only the first stage embeds tokens");
    }
    return embedding.forward(step);
  }

  @Override
  public Tensor decode(Tensor hidden, KvCache cache, ModelStep step) {
    takeOver(hidden);
    Tensor result = hidden;
    for (int i = 0; i < layers.size(); i++) {
      boolean last = i == layers.size() - 1;
      Tensor input = result;
      result =
          decode(
              layers.get(i),
              input,
              cache.layer(i),
              last && stage.isLast() ? step.ofLastLayer() : step,
              last ? stage.rowsLeftOver(step.numTokens()) : 0);
      if (i > 0) {
        input.close();
      }
    }
    return result;
  }

  private void takeOver(Tensor hidden) {
    long rows = stage.rowsTakenOver(hidden.size(0));
    if (takenOver != null && rows > 0) {
      try (PointerScope scope = new PointerScope()) {
        takenOver.apply(hidden.narrow(0, hidden.size(0) - rows, rows));
      }
    }
  }

  /** Frees what the layer allocates besides its result. */
  private static Tensor decode(
      DecoderLayer layer, Tensor hidden, KvCache.Layer cache, ModelStep step, long left) {
    PointerScope outer = PointerScope.getInnerScope();
    try (PointerScope scope = new PointerScope()) {
      Tensor result = layer.forward(hidden, cache, step, left);
      outer.attach(result);
      return result;
    }
  }

  @Override
  public Tensor normalize(Tensor hidden) {
    if (finalNorm == null) {
      throw new IllegalStateException("only the last stage has the last layer");
    }
    return finalNorm.forward(hidden);
  }

  @Override
  public Tensor logits(Tensor rows) {
    if (head == null) {
      throw new IllegalStateException("this stage has no part of the output projection");
    }
    return head.forward(rows);
  }
}
