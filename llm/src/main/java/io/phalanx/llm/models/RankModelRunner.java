package io.phalanx.llm.models;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.layers.CacheSettings;
import io.phalanx.llm.layers.Kernels;
import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.NativeOwner;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.llm.weights.Checkpoint;
import io.phalanx.runtime.device.NativeRuntime;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** The {@link ModelRunner} that computes with LibTorch. */
public final class RankModelRunner implements ModelRunner {
  private final RankContext rank;
  private final ModelConfig config;
  private final NativeRuntime.RankThread thread;
  private final NativeOwner owner;
  private final Loaded loaded;
  private final StageOutput output;

  /** What {@code owner} keeps. */
  private record Loaded(
      Kernels kernels, CausalLm model, KvCache cache, Tensor inverseFrequencies) {}

  private RankModelRunner(
      RankContext rank,
      ModelConfig config,
      NativeRuntime.RankThread thread,
      NativeOwner owner,
      Loaded loaded) {
    this.rank = rank;
    this.config = config;
    this.thread = thread;
    this.owner = owner;
    this.loaded = loaded;
    this.output = new StageOutput(rank, config, loaded.model(), loaded.kernels());
  }

  /** Reads this rank's shard of the weights and takes its KV memory; see {@link Loader#load}. */
  public static ModelRunner load(
      Path modelDirectory,
      RankContext rank,
      RunnerSettings settings,
      Consumer<LoadProgress> progress) {
    ModelConfig config = ModelConfig.load(modelDirectory);
    config.validate(rank.tensorParallelSize(), rank.pipelineParallelSize());
    NativeRuntime.RankThread thread =
        NativeRuntime.enterRankThread(settings.kernels().numThreads());
    NativeOwner owner = new NativeOwner();
    try (Checkpoint weights = Checkpoint.open(modelDirectory)) {
      Loaded loaded = load(weights, config, rank, settings, owner, progress);
      return new RankModelRunner(rank, config, thread, owner, loaded);
    } catch (RuntimeException e) {
      owner.close();
      thread.close();
      throw wrap(e, rank, "loading " + modelDirectory);
    }
  }

  private static Loaded load(
      Checkpoint weights,
      ModelConfig config,
      RankContext rank,
      RunnerSettings settings,
      NativeOwner owner,
      Consumer<LoadProgress> progress) {
    try (PointerScope scope = new PointerScope()) {
      PipelineStage stage = config.stages(rank.pipelineParallelSize()).get(rank.pipelineStage());
      Kernels kernels =
          Kernels.of(
              rank.device(),
              weights.type(DecoderLm.EMBEDDING + ".weight"),
              settings.kernels(),
              settings.blockSize(),
              owner);
      LayerContext context = new LayerContext(weights, rank.tensorGroup(), kernels, owner);
      CausalLm model = new DecoderLm(context, config, stage, progress);
      KvCache cache = allocateCache(config, stage, settings, context);
      float[] frequencies = config.rope().inverseFrequencies(config.attention().headDim());
      Tensor onDevice = torch.tensor(frequencies).to(kernels.device(), ScalarType.Float);
      return new Loaded(kernels, model, cache, owner.keep(onDevice));
    }
  }

  private static KvCache allocateCache(
      ModelConfig config, PipelineStage stage, RunnerSettings settings, LayerContext context) {
    Heads heads = SelfAttention.heads(config.attention()).ofRank(context.size());
    int numBlocks = settings.numBlocks();
    if (numBlocks == 0) {
      CacheSettings cache = context.kernels().attention().cache();
      long blockBytes = stage.numLayers() * cache.blockShape(heads).bytes();
      numBlocks = (int) Math.min(Integer.MAX_VALUE, settings.kvCacheBytes() / blockBytes);
      if (numBlocks == 0) {
        throw new ServingException(
            ErrorCode.INVALID_CONFIGURATION,
            String.format(
                Locale.ROOT,
                "kv-cache-memory is %d bytes for each rank; one block of %d tokens takes %d.",
                settings.kvCacheBytes(),
                settings.blockSize(),
                blockBytes));
      }
    }
    return KvCache.allocate(
        stage.numLayers(), numBlocks, heads, context.kernels().attention(), context.owner());
  }

  @Override
  public int numBlocks() {
    return loaded.cache().numBlocks();
  }

  @Override
  public void execute(ModelInput input) {
    try (PointerScope scope = new PointerScope()) {
      computeLayers(input);
    } catch (RuntimeException e) {
      throw wrap(e, rank, "step " + input.step());
    }
  }

  private void computeLayers(ModelInput input) {
    ModelStep step = loaded.kernels().attention().step(input, loaded.inverseFrequencies());
    Tensor hidden = loaded.model().decode(stageInput(step), loaded.cache(), step);
    if (rank.isLastStage()) {
      output.begin(input, hidden);
    } else {
      rank.pipelineGroup().send(hidden, rank.pipelineStage() + 1);
    }
  }

  @Override
  public @Nullable StepOutput end(ModelInput input) {
    try (PointerScope scope = new PointerScope()) {
      Tensor logits = logits(input);
      return rank.draws() ? new StepOutput(input.step(), draw(logits, input)) : null;
    } catch (RuntimeException e) {
      throw wrap(e, rank, "the end of step " + input.step());
    }
  }

  private int[] draw(@Nullable Tensor logits, ModelInput input) {
    return logits == null
        ? new int[0]
        : Sampler.sample(logits, input.samples(), loaded.kernels().elementwise());
  }

  /**
   * Computes the logits of a step whose layers are computed.
   *
   * @return {@code [R, vocab]} on the ranks of the first stage, of the caller's scope; null on the
   *     other ranks and where no token is drawn
   */
  @Nullable Tensor logits(ModelInput input) {
    return output.end(input);
  }

  /**
   * The hidden states that this stage starts from: the embedding, or what the stage before sends.
   */
  private Tensor stageInput(ModelStep step) {
    if (rank.pipelineStage() == 0) {
      return loaded.model().embed(step);
    }
    Tensor hidden = loaded.kernels().empty(step.numTokens(), config.hiddenSize());
    rank.pipelineGroup().receive(hidden, rank.pipelineStage() - 1);
    return hidden;
  }

  /** Gives a native failure its code, once, here at the device. */
  private static ServingException wrap(RuntimeException failure, RankContext rank, String what) {
    if (failure instanceof ServingException known) {
      return known;
    }
    String text = String.valueOf(failure.getMessage());
    String firstLine = text.lines().findFirst().orElse(failure.toString());
    boolean outOfMemory = text.contains("out of memory") || text.contains("can't allocate memory");
    return new ServingException(
        outOfMemory ? ErrorCode.DEVICE_OUT_OF_MEMORY : ErrorCode.REPLICA_FAILED,
        "Rank " + rank.rank() + " on " + rank.device() + " failed at " + what + ": " + firstLine,
        failure);
  }

  @Override
  public void close() {
    owner.close();
    thread.close();
  }
}
