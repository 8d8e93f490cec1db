package io.phalanx.llm.layers;

import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * How one rank computes: chosen here, once for each device, and nowhere else.
 *
 * <p>On a CPU activations are float32, which keeps logits within rounding of a float32 reference;
 * matrices of 16-bit weights are packed in float16 where FBGEMM runs. On CUDA activations have the
 * checkpoint's type.
 *
 * @param device where tensors live
 * @param type of the activations and of keys and values
 * @param linear for all matrices
 * @param attention for all layers
 */
public record Kernels(
    org.bytedeco.pytorch.Device device,
    ScalarType type,
    LinearMethod linear,
    AttentionMethod attention) {

  /**
   * Chooses the kernels of a device.
   *
   * @param checkpointType type of the model's matrices
   * @param batchInvariant whether a row's result must not depend, to the bit, on the other rows
   * @param owner keeps what the kernels need for as long as they are used
   * @throws ServingException {@code INVALID_CONFIGURATION} if the device has no such kernels
   */
  public static Kernels of(
      Device device, ScalarType checkpointType, boolean batchInvariant, NativeOwner owner) {
    if (batchInvariant) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "engine-kwargs.batch-invariant is true, but every matrix kernel of "
              + device
              + " adds up in an order that depends on the number of rows; set it to false.");
    }
    return device.isCuda() ? cuda(device, checkpointType, owner) : cpu(owner);
  }

  private static Kernels cuda(Device device, ScalarType checkpointType, NativeOwner owner) {
    org.bytedeco.pytorch.Device cuda =
        owner.keep(new org.bytedeco.pytorch.Device(DeviceType.CUDA, (byte) device.index()));
    return new Kernels(
        cuda, checkpointType, new DenseLinearMethod(cuda, checkpointType), new MaskedAttention());
  }

  private static Kernels cpu(NativeOwner owner) {
    org.bytedeco.pytorch.Device cpu = owner.keep(new org.bytedeco.pytorch.Device(DeviceType.CPU));
    LinearMethod dense = new DenseLinearMethod(cpu, ScalarType.Float);
    LinearMethod linear = hasFbgemm() ? new PackedHalfLinearMethod(dense, owner) : dense;
    return new Kernels(cpu, ScalarType.Float, linear, new CpuFlashAttention(owner));
  }

  private static boolean hasFbgemm() {
    return torch.globalContext().qEngine() == torch.QEngine.FBGEMM
        || torch.globalContext().qEngine() == torch.QEngine.X86;
  }

  /** Returns memory of this type on this device, holding anything; of the caller's scope. */
  public Tensor empty(long... shape) {
    return torch.empty(shape, options(type), null);
  }

  /** Returns this device with {@code elementType}; of the caller's scope. */
  TensorOptions options(ScalarType elementType) {
    return new TensorOptions(elementType).device(new DeviceOptional(device));
  }
}
