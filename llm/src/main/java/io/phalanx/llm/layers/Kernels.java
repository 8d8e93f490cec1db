package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.CompiledAttention;
import io.phalanx.llm.layers.cpu.CompiledElementwise;
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
 * @param type of the activations
 * @param linear for all matrices
 * @param elementwise for what lies between the matrices
 * @param attention for all layers
 */
public record Kernels(
    org.bytedeco.pytorch.Device device,
    ScalarType type,
    LinearMethod linear,
    ElementwiseMethod elementwise,
    AttentionMethod attention) {

  /**
   * Chooses the kernels of a device.
   *
   * @param checkpointType type of the model's matrices
   * @param settings threads, how weights and the cache are stored, and what must hold
   * @param blockSize tokens of one KV block
   * @param owner keeps what the kernels need for as long as they are used
   * @throws ServingException {@code INVALID_CONFIGURATION} if the device has no such kernels
   */
  public static Kernels of(
      Device device,
      ScalarType checkpointType,
      KernelSettings settings,
      int blockSize,
      NativeOwner owner) {
    CacheSettings cache = new CacheSettings(kvCacheType(device, settings.kvCacheType()), blockSize);
    if (device.isCuda()) {
      requireNothingSpecial(settings, "a GPU");
      return cuda(device, checkpointType, cache, owner);
    }
    return cpu(settings, cache, owner);
  }

  /** Returns in which numbers a device keeps keys and values if {@code configured} is wanted. */
  public static KvCacheType kvCacheType(Device device, KvCacheType configured) {
    if (configured != KvCacheType.AUTO || device.isCuda()) {
      return configured;
    }
    return CpuIsa.best() == CpuIsa.NONE ? KvCacheType.FLOAT32 : KvCacheType.INT16_PER_TOKEN_HEAD;
  }

  private static Kernels cuda(
      Device device, ScalarType type, CacheSettings cache, NativeOwner owner) {
    org.bytedeco.pytorch.Device cuda =
        owner.keep(new org.bytedeco.pytorch.Device(DeviceType.CUDA, (byte) device.index()));
    return new Kernels(
        cuda,
        type,
        new DenseLinearMethod(cuda, type),
        new TorchElementwise(type),
        new TorchAttention(new MaskedAttention(), cache, cuda, type));
  }

  private static Kernels cpu(KernelSettings settings, CacheSettings cache, NativeOwner owner) {
    org.bytedeco.pytorch.Device cpu = owner.keep(new org.bytedeco.pytorch.Device(DeviceType.CPU));
    CpuIsa isa = CpuIsa.best();
    if (isa == CpuIsa.NONE) {
      requireNothingSpecial(settings, "this processor, which lacks AVX2");
      return libTorch(cpu, cache, owner);
    }
    ComputePool pool = ComputePool.start(settings.numThreads(), isa);
    owner.onClose(pool::close);
    CompiledElementwise elementwise = new CompiledElementwise(pool);
    return new Kernels(
        cpu,
        ScalarType.Float,
        compiledLinear(pool, settings),
        elementwise,
        new CompiledAttention(pool, cache, elementwise));
  }

  /** Refuses what only the compiled kernels can do. */
  private static void requireNothingSpecial(KernelSettings settings, String where) {
    if (settings.quantization() != Quantization.NONE) {
      throw refused("quantization is int8, which does not run on " + where + "; leave it out.");
    }
    if (settings.batchInvariant()) {
      throw refused(
          "batch-invariant is true, but on "
              + where
              + ", sums are made in an order that depends on the batch; set it to false.");
    }
  }

  private static ServingException refused(String reason) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, "engine-kwargs." + reason);
  }

  private static LinearMethod compiledLinear(ComputePool pool, KernelSettings settings) {
    return switch (settings.quantization()) {
      case NONE -> new InPlaceLinearMethod(pool, settings.roundActivations());
      case INT8 -> new Int8LinearMethod(pool);
    };
  }

  private static Kernels libTorch(
      org.bytedeco.pytorch.Device cpu, CacheSettings cache, NativeOwner owner) {
    return new Kernels(
        cpu,
        ScalarType.Float,
        libTorchLinear(cpu, owner),
        new TorchElementwise(ScalarType.Float),
        new TorchAttention(new CpuFlashAttention(owner), cache, cpu, ScalarType.Float));
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
    return torch.empty(shape, options(device, type), null);
  }

  /** Returns {@code device} with {@code type}; of the caller's scope. */
  static TensorOptions options(org.bytedeco.pytorch.Device device, ScalarType type) {
    return new TensorOptions(type).device(new DeviceOptional(device));
  }
}
