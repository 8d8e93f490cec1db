package io.phalanx.llm.layers;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** LibTorch's own product in the activations' type; runs on every device. */
final class DenseLinearMethod implements LinearMethod {
  private final Device device;
  private final ScalarType type;

  DenseLinearMethod(Device device, ScalarType type) {
    this.device = device;
    this.type = type;
  }

  @Override
  public Linear prepare(List<Tensor> parts, @Nullable Tensor bias, NativeOwner owner) {
    try (PointerScope scope = new PointerScope()) {
      Tensor weight = LinearMethod.joined(parts);
      Tensor matrix = owner.keep(weight.to(device, type).contiguous());
      if (bias == null) {
        return input -> torch.linear(input, matrix);
      }
      TensorOptional offsets =
          owner.keep(new TensorOptional(owner.keep(bias.to(device, type).contiguous())));
      return input -> torch.linear(input, matrix, offsets);
    }
  }
}
