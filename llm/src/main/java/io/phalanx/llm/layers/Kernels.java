package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.ComputePool;
import io.phalanx.llm.layers.cpu.CpuIsa;
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
 * matrices are read as they lie by compiled kernels, or packed in float16 for FBGEMM where those do
 * not run. On CUDA activations have the checkpoint's type.
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
   * @param settings threads, how weights are stored, and what must hold
   * @param owner keeps what the kernels need for as long as they are used
   * @throws ServingException {@code INVALID_CONFIGURATION} if the device has no such kernels
   */
  public static Kernels of(
      Device device, ScalarType checkpointType, KernelSettings settings, NativeOwner owner) {
    if (settings.batchInvariant()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "engine-kwargs.batch-invariant is true, but the attention of "
              + device
              + " adds up in an order that depends on how a prompt was cut; set it to false.");
    }
    if (device.isCuda()) {
      requireNoQuantization(settings, "a GPU");
      return cuda(device, checkpointType, owner);
    }
    return cpu(settings, owner);
  }

  private static Kernels cuda(Device device, ScalarType checkpointType, NativeOwner owner) {
    org.bytedeco.pytorch.Device cuda =
        owner.keep(new org.bytedeco.pytorch.Device(DeviceType.CUDA, (byte) device.index()));
    return new Kernels(
        cuda, checkpointType, new DenseLinearMethod(cuda, checkpointType), new MaskedAttention());
  }

  private static Kernels cpu(KernelSettings settings, NativeOwner owner) {
    org.bytedeco.pytorch.Device cpu = owner.keep(new org.bytedeco.pytorch.Device(DeviceType.CPU));
    CpuIsa isa = CpuIsa.best();
    if (isa == CpuIsa.NONE) {
      requireNoQuantization(settings, "this processor, which lacks AVX2");
      return new Kernels(
          cpu, ScalarType.Float, libTorchLinear(cpu, owner), new CpuFlashAttention(owner));
    }
    LinearMethod linear = compiledLinear(isa, settings, owner);
    return new Kernels(cpu, ScalarType.Float, linear, new CpuFlashAttention(owner));
  }

  private static void requireNoQuantization(KernelSettings settings, String where) {
    if (settings.quantization() != Quantization.NONE) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "engine-kwargs.quantization is int8, which does not run on " + where + "; leave it out.");
    }
  }

  private static LinearMethod compiledLinear(
      CpuIsa isa, KernelSettings settings, NativeOwner owner) {
    ComputePool pool = ComputePool.start(settings.numThreads(), isa);
    owner.onClose(pool::close);
    return switch (settings.quantization()) {
      case NONE -> new InPlaceLinearMethod(pool, settings.roundActivations());
      case INT8 -> new Int8LinearMethod(pool);
    };
  }

  private static LinearMethod libTorchLinear(org.bytedeco.pytorch.Device cpu, NativeOwner owner) {
    LinearMethod dense = new DenseLinearMethod(cpu, ScalarType.Float);
    return hasFbgemm() ? new PackedHalfLinearMethod(dense, owner) : dense;
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
