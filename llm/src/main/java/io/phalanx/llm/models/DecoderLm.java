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

  private final @Nullable VocabParallelEmbedding embedding;
  private final List<DecoderLayer> layers;
  private final @Nullable RmsNorm finalNorm;
  private final @Nullable LmHead head;

  private DecoderLm(
      @Nullable VocabParallelEmbedding embedding,
      List<DecoderLayer> layers,
      @Nullable RmsNorm finalNorm,
      @Nullable LmHead head) {
    this.embedding = embedding;
    this.layers = layers;
    this.finalNorm = finalNorm;
    this.head = head;
  }

  /** Loads this rank's share of one stage. */
  static DecoderLm load(
      LayerContext context,
      ModelConfig config,
      PipelineStage stage,
      Consumer<LoadProgress> progress) {
    int vocab = config.vocabSize();
    int hidden = config.hiddenSize();
    ProgressCounter counter = new ProgressCounter(stage, progress);
    VocabParallelEmbedding embedding = null;
    if (stage.isFirst()) {
      embedding = VocabParallelEmbedding.load(context, EMBEDDING, vocab, hidden);
      counter.loadedOne();
    }
    List<DecoderLayer> layers = new ArrayList<>();
    for (int i = stage.firstLayer(); i < stage.firstLayer() + stage.numLayers(); i++) {
      layers.add(new DecoderLayer(context, config, "model.layers." + i + "."));
      counter.loadedOne();
    }
    RmsNorm norm =
        stage.isLast()
            ? RmsNorm.load(context, "model.norm", hidden, config.rmsNormEpsilon())
            : null;
    LmHead head = loadHead(context, config, stage);
    counter.loadedOne();
    return new DecoderLm(embedding, layers, norm, head);
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
      this.total = stage.numLayers() + (stage.isFirst() ? 1 : 0) + 1;
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
    Tensor result = hidden;
    for (int i = 0; i < layers.size(); i++) {
      boolean last = finalNorm != null && i == layers.size() - 1;
      Tensor input = result;
      result = decode(layers.get(i), input, cache.layer(i), last ? step.ofLastLayer() : step);
      if (i > 0) {
        input.close();
      }
    }
    return result;
  }

  /** Frees what the layer allocates besides its result. */
  private static Tensor decode(
      DecoderLayer layer, Tensor hidden, KvCache.Layer cache, ModelStep step) {
    PointerScope outer = PointerScope.getInnerScope();
    try (PointerScope scope = new PointerScope()) {
      Tensor result = layer.forward(hidden, cache, step);
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
