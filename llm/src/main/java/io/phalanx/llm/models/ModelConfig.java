package io.phalanx.llm.models;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The shape of a model, as its {@code config.json} has it, in plain Java: it can be read and
 * checked on any node without native libraries.
 *
 * @param architecture the class name such as {@code LlamaForCausalLM}
 * @param vocabSize rows of the embedding
 * @param hiddenSize elements of a hidden state
 * @param intermediateSize elements between the two halves of a feed-forward block
 * @param numLayers decoder layers
 * @param attention heads of each layer
 * @param mlpBias whether the feed-forward linears have a bias
 * @param rmsNormEpsilon added to the mean square before its root is taken
 * @param rope rotary position embedding
 * @param maxPositionEmbeddings the longest context in tokens that the model was made for
 * @param tieWordEmbeddings whether the output projection is the embedding
 * @param eosTokenIds tokens that end a text; may be empty
 */
public record ModelConfig(
    String architecture,
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int numLayers,
    AttentionConfig attention,
    boolean mlpBias,
    double rmsNormEpsilon,
    RopeConfig rope,
    int maxPositionEmbeddings,
    boolean tieWordEmbeddings,
    Set<Integer> eosTokenIds) {

  /** The file's name in a model directory. */
  public static final String FILE_NAME = "config.json";

  /**
   * The heads of each layer.
   *
   * @param numHeads query heads, a multiple of {@code numKvHeads}
   * @param numKvHeads key and value heads
   * @param headDim elements of a head, even
   * @param qkvBias whether the projections of queries, keys and values have a bias
   * @param outputBias whether the output projection has a bias
   * @param headNorm whether queries and keys are normalized head by head (Qwen3)
   */
  public record AttentionConfig(
      int numHeads,
      int numKvHeads,
      int headDim,
      boolean qkvBias,
      boolean outputBias,
      boolean headNorm) {}

  /** Copies the set. */
  public ModelConfig {
    eosTokenIds = Set.copyOf(eosTokenIds);
  }

  /**
   * Reads {@code config.json} of a model directory.
   *
   * @throws ServingException {@code INVALID_MODEL} if it is missing, malformed or describes a model
   *     that cannot be served; the text names the file and the field
   */
  public static ModelConfig load(Path modelDirectory) {
    return ModelConfigReader.read(modelDirectory.resolve(FILE_NAME));
  }

  /**
   * Checks that the model can be cut for so many ranks.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} whose text names what does not divide
   *     and which values would
   */
  public void validate(int tensorParallelSize, int pipelineParallelSize) {
    require(
        tensorParallelSize >= 1 && canCut(tensorParallelSize),
        "tensor-parallel-size is "
            + tensorParallelSize
            + "; it must divide the "
            + attention.numHeads()
            + " attention heads and the intermediate size "
            + intermediateSize
            + " of the model, and divide or be a multiple of its "
            + attention.numKvHeads()
            + " key/value heads: use one of "
            + tensorParallelSizes()
            + ".");
    require(
        pipelineParallelSize >= 1 && pipelineParallelSize <= numLayers,
        "pipeline-parallel-size is "
            + pipelineParallelSize
            + "; it must be from 1 to the number of the model's layers, "
            + numLayers
            + ".");
  }

  /** Returns the key/value heads of each layer that one rank has. */
  public int numKvHeads(int tensorParallelSize) {
    return Math.max(1, attention.numKvHeads() / tensorParallelSize);
  }

  /** Returns what each pipeline stage has of the model. */
  List<PipelineStage> stages(int pipelineParallelSize) {
    return PipelineStage.cut(
        numLayers,
        new PipelineStage.Work(vocabSize / layerWidth(), feedForwardOfLayer()),
        pipelineParallelSize);
  }

  /** Returns the weights of a decoder layer for each element of a hidden state. */
  private double layerWidth() {
    double heads = 2.0 * (attention.numHeads() + attention.numKvHeads()) * attention.headDim();
    return heads + 3.0 * intermediateSize;
  }

  /** Returns which part of a decoder layer's weights its feed-forward block has. */
  private double feedForwardOfLayer() {
    return 3.0 * intermediateSize / layerWidth();
  }

  /** Returns how many decoder layers the pipeline stage with the most of them has. */
  public int layersOfLargestStage(int pipelineParallelSize) {
    return stages(pipelineParallelSize).stream().mapToInt(PipelineStage::numLayers).max().orElse(0);
  }

  /**
   * Returns the weights of the pipeline stage with the most of them, in decoder layers: its own and
   * the feed-forward block of the stage before, where it takes that over.
   */
  public double weightsOfLargestStage(int pipelineParallelSize) {
    return stages(pipelineParallelSize).stream()
        .mapToDouble(
            stage -> stage.numLayers() + (stage.takenOver() > 0 ? feedForwardOfLayer() : 0))
        .max()
        .orElse(0);
  }

  private boolean canCut(int tp) {
    int kvHeads = attention.numKvHeads();
    return attention.numHeads() % tp == 0
        && intermediateSize % tp == 0
        && (kvHeads % tp == 0 || tp % kvHeads == 0);
  }

  private String tensorParallelSizes() {
    return IntStream.rangeClosed(1, attention.numHeads())
        .filter(this::canCut)
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", "));
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new ServingException(ErrorCode.INVALID_CONFIGURATION, message);
    }
  }
}
