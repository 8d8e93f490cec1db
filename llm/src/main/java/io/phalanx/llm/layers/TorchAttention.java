package io.phalanx.llm.layers;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Attention by LibTorch's operators, sequence by sequence; runs on every device.
 *
 * <p>Keys and values are {@code [N, K, D]} with {@code N = numBlocks * blockSize}: block {@code b}
 * is the slots {@code b * blockSize .. (b + 1) * blockSize - 1}, so that the tokens of blocks in a
 * row are a view.
 */
final class TorchAttention implements AttentionMethod {
  private final DenseAttention dense;
  private final CacheSettings settings;
  private final ScalarType cacheType;
  private final Device device;
  private final ScalarType type;

  /**
   * Creates the method.
   *
   * @param device where all tensors are
   * @param type of activations
   */
  TorchAttention(DenseAttention dense, CacheSettings settings, Device device, ScalarType type) {
    this.dense = dense;
    this.settings = settings;
    this.cacheType = cacheType(settings.type(), type);
    this.device = device;
    this.type = type;
  }

  private static ScalarType cacheType(KvCacheType type, ScalarType activations) {
    return switch (type) {
      case AUTO -> activations;
      case FLOAT32 -> ScalarType.Float;
      case FLOAT16 -> ScalarType.Half;
      case BFLOAT16 -> ScalarType.BFloat16;
      case INT16_PER_TOKEN_HEAD ->
          throw new ServingException(
              ErrorCode.INVALID_CONFIGURATION,
              "kv-cache-dtype is int16-per-token-head, which only the kernels of x86-64 CPUs with"
                  + " AVX2 read; use auto.");
    };
  }

  @Override
  public CacheSettings cache() {
    return settings;
  }

  @Override
  public PagedAttention layer(
      Heads heads, @Nullable RmsNorm queryNorm, @Nullable RmsNorm keyNorm, NativeOwner owner) {
    return new TorchPagedAttention(dense, heads, queryNorm, keyNorm);
  }

  @Override
  public KvCache.Layer allocate(int numBlocks, Heads heads, NativeOwner owner) {
    long[] shape = {(long) numBlocks * settings.blockSize(), heads.numKvHeads(), heads.headDim()};
    return new KvCache.Layer(empty(shape, owner), empty(shape, owner));
  }

  private Tensor empty(long[] shape, NativeOwner owner) {
    return owner.keep(torch.empty(shape, Kernels.options(device, cacheType), null));
  }

  @Override
  public ModelStep step(ModelInput input, Tensor inverseFrequencies) {
    BatchLayout layout = BatchLayout.of(input, settings.blockSize());
    return TorchStep.of(layout, settings.blockSize(), inverseFrequencies, type);
  }
}
