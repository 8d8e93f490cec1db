package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** LibTorch's methods on the CPU in float32, which others are held against. */
public final class TorchMethods {
  private TorchMethods() {}

  /** Returns attention with an explicit mask; of the caller's scope. */
  public static AttentionMethod attention(CacheSettings cache) {
    return new TorchAttention(
        new MaskedAttention(), cache, new Device(DeviceType.CPU), ScalarType.Float);
  }

  /** Returns what lies between the matrices. */
  public static ElementwiseMethod elementwise() {
    return new TorchElementwise(ScalarType.Float);
  }

  /** Returns a norm that {@code method} computes. */
  public static RmsNorm norm(Tensor weight, double epsilon, ElementwiseMethod method) {
    return new RmsNorm(weight, epsilon, method);
  }

  /** Returns several tensors as LibTorch wants them; of the caller's scope. */
  public static TensorVector vector(Tensor... tensors) {
    return new TensorVector(tensors);
  }
}
