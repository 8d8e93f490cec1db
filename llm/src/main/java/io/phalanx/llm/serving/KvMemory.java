package io.phalanx.llm.serving;

import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.layers.KvBlockShape;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/** How many blocks of keys and values a rank takes: as many as useful, as far as memory allows. */
final class KvMemory {
  private static final Path MEMORY_INFO = Path.of("/proc/meminfo");
  private static final String AVAILABLE = "MemAvailable:";
  private static final long BYTES_PER_KIBIBYTE = 1024;
  private static final long MIB = 1L << 20;
  private static final long SMALL_BYTES = 256L << 20;
  private static final long LONG_SEQUENCES = 8;
  private static final long UNKNOWN_FREE_BYTES = 1L << 30;

  private KvMemory() {}

  /**
   * Returns the bytes of one block in the largest pipeline stage of one rank.
   *
   * @param type of keys and values on the rank's device
   */
  static long bytesPerBlock(EngineKwargs engine, ModelConfig model, KvCacheType type) {
    ParallelConfig parallel = engine.parallel();
    KvBlockShape block =
        new KvBlockShape(
            engine.blockSize(),
            model.numKvHeads(parallel.tensorParallelSize()),
            model.attention().headDim(),
            type);
    return model.layersOfLargestStage(parallel.pipelineParallelSize()) * block.bytes();
  }

  /**
   * Returns the blocks of one rank: no more than every sequence at its longest would use.
   *
   * @param availableBytes memory that this rank may take for keys and values
   */
  static int numBlocks(
      EngineKwargs engine, ModelConfig model, KvCacheType type, long availableBytes) {
    int blockSize = engine.blockSize();
    long blocksOfSequence = (engine.maxModelLength(model) + blockSize - 1L) / blockSize;
    long useful = blocksOfSequence * engine.maxNumSequences();
    long fitting = availableBytes / bytesPerBlock(engine, model, type);
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE / blockSize, Math.min(useful, fitting)));
  }

  /**
   * Returns what one rank takes where nothing is configured: its part of {@code share} of the
   * machine's free memory, but no more than a few sequences at their longest need, or {@value
   * #SMALL_BYTES} bytes if that is more.
   *
   * @param ranks ranks of the replica that share this machine's memory
   */
  static long defaultBytes(
      EngineKwargs engine, ModelConfig model, KvCacheType type, double share, int ranks) {
    int blockSize = engine.blockSize();
    long blocksOfSequence = (engine.maxModelLength(model) + blockSize - 1L) / blockSize;
    long ample = LONG_SEQUENCES * blocksOfSequence * bytesPerBlock(engine, model, type);
    return Math.min((long) (share * freeBytes() / ranks), Math.max(SMALL_BYTES, ample));
  }

  /**
   * Returns what one rank takes on a CUDA device of its own: {@code gpu-memory-utilization} of the
   * device, less the largest stage's part of the weights and what the largest step needs beside.
   *
   * @param deviceBytes memory of the device
   * @param weightBytes weights of the whole model
   */
  static long cudaBytes(
      EngineKwargs engine, ModelConfig model, long deviceBytes, long weightBytes) {
    long shard = shardBytes(engine.parallel(), model, weightBytes);
    long step = stepBytes(engine, model);
    long bytes = (long) (engine.gpuMemoryUtilization() * deviceBytes) - shard - step;
    if (bytes < bytesPerBlock(engine, model, engine.kvCacheType())) {
      throw new ServingException(
          ErrorCode.DEVICE_OUT_OF_MEMORY,
          String.format(
              Locale.ROOT,
              "gpu-memory-utilization is %s of a device of %d MiB; the rank's weights take %d MiB"
                  + " and a step %d MiB, which leaves no room for keys and values. Raise it, lower"
                  + " max-num-batched-tokens, or use more ranks.",
              engine.gpuMemoryUtilization(),
              deviceBytes / MIB,
              shard / MIB,
              step / MIB));
    }
    return bytes;
  }

  /** Returns about what the weights of one rank of the largest stage take. */
  private static long shardBytes(ParallelConfig parallel, ModelConfig model, long weightBytes) {
    double layers = model.weightsOfLargestStage(parallel.pipelineParallelSize());
    return (long) (layers / model.numLayers() / parallel.tensorParallelSize() * weightBytes);
  }

  /** Returns about what the activations of one layer and the logits take in the largest step. */
  private static long stepBytes(EngineKwargs engine, ModelConfig model) {
    long widths =
        4L * model.hiddenSize()
            + 2L * model.intermediateSize() / engine.parallel().tensorParallelSize();
    long logits = 2L * engine.maxNumSequences() * model.vocabSize();
    return (engine.maxNumBatchedTokens() * widths + logits) * Float.BYTES;
  }

  /** Returns the bytes of the weights in a model directory. */
  static long weightBytes(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith(".safetensors"))
          .mapToLong(file -> file.toFile().length())
          .sum();
    } catch (IOException e) {
      throw new ServingException(
          ErrorCode.INVALID_MODEL, directory + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static long freeBytes() {
    try {
      for (String line : Files.readAllLines(MEMORY_INFO)) {
        if (line.startsWith(AVAILABLE)) {
          String number = line.substring(AVAILABLE.length()).replace("kB", "").strip();
          return Long.parseLong(number) * BYTES_PER_KIBIBYTE;
        }
      }
    } catch (IOException | NumberFormatException e) {
      return UNKNOWN_FREE_BYTES;
    }
    return UNKNOWN_FREE_BYTES;
  }
}
