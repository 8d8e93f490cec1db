package io.phalanx.llm.serving;

import io.phalanx.llm.Dtype;
import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.layers.KernelSettings;
import io.phalanx.llm.layers.Kernels;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.llm.models.RunnerSettings;
import io.phalanx.runtime.device.CpuThreads;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceProbe;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;

/**
 * How much memory and how many threads the rank of a {@link Worker} takes.
 *
 * @param device where it computes
 * @param load what it was asked to load
 * @param config the shape of the model
 * @param settings of this node
 * @param ranksSharing ranks of this JVM, of all replicas, that share its threads
 */
record WorkerRunnerSettings(
    Device device,
    Worker.Load load,
    ModelConfig config,
    ServingSettings settings,
    int ranksSharing) {

  /** Returns the settings for the weights of {@code directory}. */
  RunnerSettings of(Path directory) {
    EngineKwargs engine = load.engine();
    if (device.isCuda()) {
      requireAuto(engine.dtype());
      long available =
          engine
              .kvCacheMemoryBytes()
              .orElseGet(
                  () ->
                      KvMemory.cudaBytes(
                          engine,
                          config,
                          DeviceProbe.cudaMemoryBytes(device),
                          KvMemory.weightBytes(directory)));
      return new RunnerSettings(engine.blockSize(), 0, available, kernelSettings());
    }
    KvCacheType type = Kernels.kvCacheType(device, engine.kvCacheType());
    double share = settings.kvMemoryShare();
    long available =
        engine
            .kvCacheMemoryBytes()
            .orElseGet(() -> KvMemory.defaultBytes(engine, config, type, share, load.ranksInJvm()));
    int numBlocks = KvMemory.numBlocks(engine, config, type, available);
    return new RunnerSettings(engine.blockSize(), numBlocks, available, kernelSettings());
  }

  private KernelSettings kernelSettings() {
    EngineKwargs engine = load.engine();
    boolean rounding = engine.dtype() == Dtype.BFLOAT16;
    return new KernelSettings(
        threads(), engine.quantization(), rounding, engine.batchInvariant(), engine.kvCacheType());
  }

  private int threads() {
    return CpuThreads.perRank(
        settings.ranks().cpuThreads(),
        Runtime.getRuntime().availableProcessors(),
        ranksSharing,
        load.neighbours().ranksOnMachine());
  }

  private void requireAuto(Dtype dtype) {
    if (dtype != Dtype.AUTO) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "engine-kwargs.dtype is "
              + dtype
              + ", but "
              + device
              + " computes in the checkpoint's own type; set auto or leave it out.");
    }
  }
}
