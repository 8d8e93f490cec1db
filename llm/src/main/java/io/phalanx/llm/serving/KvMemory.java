package io.phalanx.llm.serving;

import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.models.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many blocks of keys and values a rank takes: as many as useful, as far as memory allows. */
final class KvMemory {
  private static final Path MEMORY_INFO = Path.of("/proc/meminfo");
  private static final String AVAILABLE = "MemAvailable:";
  private static final long BYTES_PER_KIBIBYTE = 1024;
  private static final long SMALL_BYTES = 256L << 20;
  private static final long LONG_SEQUENCES = 8;
  private static final long UNKNOWN_FREE_BYTES = 1L << 30;

  private KvMemory() {}

  /** Returns the bytes of one block in the largest pipeline stage of one rank. */
  static long bytesPerBlock(EngineKwargs engine, ModelConfig model) {
    int tensorParallelSize = engine.parallel().tensorParallelSize();
    int stages = engine.parallel().pipelineParallelSize();
    int layers = (model.numLayers() + stages - 1) / stages;
    return model.kvBytesPerTokenAndLayer(tensorParallelSize) * layers * engine.blockSize();
  }

  /**
   * Returns the blocks of one rank: no more than every sequence at its longest would use.
   *
   * @param availableBytes memory that this rank may take for keys and values
   */
  static int numBlocks(EngineKwargs engine, ModelConfig model, long availableBytes) {
    int blockSize = engine.blockSize();
    long blocksOfSequence = (engine.maxModelLength(model) + blockSize - 1L) / blockSize;
    long useful = blocksOfSequence * engine.maxNumSequences();
    long fitting = availableBytes / bytesPerBlock(engine, model);
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE / blockSize, Math.min(useful, fitting)));
  }

  /**
   * Returns what one rank takes where nothing is configured: its part of {@code share} of the
   * machine's free memory, but no more than a few sequences at their longest need, or {@value
   * #SMALL_BYTES} bytes if that is more.
   *
   * @param ranks ranks of the replica that share this machine's memory
   */
  static long defaultBytes(EngineKwargs engine, ModelConfig model, double share, int ranks) {
    int blockSize = engine.blockSize();
    long blocksOfSequence = (engine.maxModelLength(model) + blockSize - 1L) / blockSize;
    long ample = LONG_SEQUENCES * blocksOfSequence * bytesPerBlock(engine, model);
    return Math.min((long) (share * freeBytes() / ranks), Math.max(SMALL_BYTES, ample));
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
