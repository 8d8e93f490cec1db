package io.phalanx.llm.layers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The keys and values that one rank has computed, in blocks, for each of its layers. A slot is read
 * only after it was written.
 */
public final class KvCache {
  private final int numBlocks;
  private final List<Layer> layers;

  private KvCache(int numBlocks, List<Layer> layers) {
    this.numBlocks = numBlocks;
    this.layers = layers;
  }

  /**
   * The blocks of one layer, laid out as its {@link AttentionMethod} likes it.
   *
   * @param keys on the rank's device
   * @param values likewise
   */
  public record Layer(Tensor keys, Tensor values) {}

  /**
   * Takes the memory; on a CPU its pages are committed as they are first written.
   *
   * @param heads of this rank
   * @param owner keeps the memory
   */
  public static KvCache allocate(
      int numLayers,
      int numBlocks,
      QkvParallelLinear.Heads heads,
      AttentionMethod method,
      NativeOwner owner) {
    try (PointerScope scope = new PointerScope()) {
      List<Layer> layers = new ArrayList<>();
      for (int i = 0; i < numLayers; i++) {
        layers.add(method.allocate(numBlocks, heads, owner));
      }
      return new KvCache(numBlocks, layers);
    }
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
