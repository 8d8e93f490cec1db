package io.phalanx.llm.layers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The keys and values that one rank has computed, in blocks, for each of its layers.
 *
 * <p>Block {@code b} is the slots {@code b * blockSize .. (b + 1) * blockSize - 1} of one tensor,
 * so that the tokens of blocks in a row are a view. A slot is read only after it was written.
 */
public final class KvCache {
  private final int blockSize;
  private final int numBlocks;
  private final List<Layer> layers;

  private KvCache(int blockSize, int numBlocks, List<Layer> layers) {
    this.blockSize = blockSize;
    this.numBlocks = numBlocks;
    this.layers = layers;
  }

  /**
   * The slots of one layer, {@code N = numBlocks * blockSize}.
   *
   * @param keys {@code [N, K, D]}, the rank's activation type and device
   * @param values likewise
   */
  public record Layer(Tensor keys, Tensor values) {

    /**
     * Writes the keys and values of a step.
     *
     * @param slots {@code [T]}, int64
     * @param newKeys {@code [T, K, D]}
     * @param newValues {@code [T, K, D]}
     */
    void write(Tensor slots, Tensor newKeys, Tensor newValues) {
      keys.index_copy_(0, slots, newKeys);
      values.index_copy_(0, slots, newValues);
    }
  }

  /**
   * Takes the memory; on a CPU its pages are committed as they are first written.
   *
   * @param heads of this rank
   * @param owner keeps the memory
   */
  public static KvCache allocate(
      int numLayers,
      int numBlocks,
      int blockSize,
      QkvParallelLinear.Heads heads,
      Kernels kernels,
      NativeOwner owner) {
    try (PointerScope scope = new PointerScope()) {
      long[] shape = {(long) numBlocks * blockSize, heads.numKvHeads(), heads.headDim()};
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < numLayers; i++) {
        Tensor keys = owner.keep(kernels.empty(shape));
        layers.add(new Layer(keys, owner.keep(kernels.empty(shape))));
      }
      return new KvCache(blockSize, numBlocks, layers);
    }
  }

  /** Returns the bytes that one block takes in all layers of a rank together. */
  public static long bytesPerBlock(
      int numLayers, int blockSize, QkvParallelLinear.Heads heads, Kernels kernels) {
    long elements = 2L * numLayers * blockSize * heads.numKvHeads() * heads.headDim();
    return elements * torch.elementSize(kernels.type());
  }

  /** Returns the tokens of one block. */
  public int blockSize() {
    return blockSize;
  }

  /** Returns how many blocks there are. */
  public int numBlocks() {
    return numBlocks;
  }

  /** Returns one of this rank's layers, counted from 0. */
  public Layer layer(int index) {
    return layers.get(index);
  }
}
