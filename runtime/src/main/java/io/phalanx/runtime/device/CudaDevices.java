package io.phalanx.runtime.device;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_cuda;

/** The CUDA devices of this machine, as LibTorch sees them. */
final class CudaDevices {

  private CudaDevices() {}

  /**
   * Returns the CUDA devices in CUDA's own order; none without a device, a driver, or a LibTorch
   * with CUDA. Loads LibTorch only if it has CUDA.
   */
  static List<CudaGpu> found() {
    NativeRuntime.liftLimits();
    if (!libTorchHasCuda()) {
      return List.of();
    }
    NativeRuntime.load();
    List<CudaGpu> found = new ArrayList<>();
    int count = torch.cuda_is_available() ? torch.cuda_device_count() : 0;
    for (int i = 0; i < count; i++) {
      found.add(describe(torch_cuda.getDeviceProperties((byte) i)));
    }
    return found;
  }

  private static CudaGpu describe(cudaDeviceProp properties) {
    byte[] uuid = new byte[CudaGpu.UUID_BYTES];
    new BytePointer(properties.uuid()).capacity(uuid.length).get(uuid);
    return new CudaGpu(properties.name().getString(), CudaGpu.uuidText(uuid));
  }

  /** Returns the memory of the device with this CUDA ordinal. */
  static long memoryBytes(int index) {
    return torch_cuda.getDeviceProperties((byte) index).totalGlobalMem();
  }

  /** Whether the class path has the libraries of a LibTorch with CUDA, for this platform. */
  private static boolean libTorchHasCuda() {
    String folder = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "-gpu/";
    return CudaDevices.class.getResource(folder + "libtorch_cuda.so") != null
        || CudaDevices.class.getResource(folder + "torch_cuda.dll") != null;
  }
}
