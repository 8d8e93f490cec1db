package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How {@link KvMemory} divides the memory of a CUDA device. */
final class KvMemoryTest {
  private static final long GIB = 1L << 30;
  private static final ModelConfig MODEL = ModelConfig.load(FakeModel.golden("llama-tiny"));

  @Test
  void cudaBytes_moreUtilization_isMoreByThatShareOfTheDevice() {
    long half = KvMemory.cudaBytes(engine(0.5, 1, 1), MODEL, 24 * GIB, GIB);
    long whole = KvMemory.cudaBytes(engine(1, 1, 1), MODEL, 24 * GIB, GIB);

    assertThat(whole - half).isEqualTo(12 * GIB);
    assertThat(whole).isLessThan(23 * GIB);
  }

  @Test
  void cudaBytes_twoRanks_eachCarriesHalfTheWeights() {
    long alone = KvMemory.cudaBytes(engine(0.9, 1, 1), MODEL, 24 * GIB, 8 * GIB);
    long shared = KvMemory.cudaBytes(engine(0.9, 2, 1), MODEL, 24 * GIB, 8 * GIB);

    assertThat(shared - alone).isGreaterThanOrEqualTo(4 * GIB);
  }

  @Test
  void cudaBytes_stageThatTakesABlockOver_carriesThatToo() {
    long alone = KvMemory.cudaBytes(engine(0.9, 1, 1), MODEL, 24 * GIB, 8 * GIB);
    long staged = KvMemory.cudaBytes(engine(0.9, 1, 2), MODEL, 24 * GIB, 8 * GIB);

    ModelConfig.AttentionConfig heads = MODEL.attention();
    double layerWidth =
        2 * (heads.numHeads() + heads.numKvHeads()) * heads.headDim()
            + 3 * MODEL.intermediateSize();
    double block = 3 * MODEL.intermediateSize() / layerWidth;
    double layersElsewhere = MODEL.numLayers() / 2.0 - block;
    assertThat((double) (staged - alone))
        .isCloseTo(8 * GIB * layersElsewhere / MODEL.numLayers(), within(1.0));
  }

  @Test
  void cudaBytes_weightsFillTheShare_saysWhatToDo() {
    assertThatThrownBy(() -> KvMemory.cudaBytes(engine(0.5, 1, 1), MODEL, 24 * GIB, 12 * GIB))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.DEVICE_OUT_OF_MEMORY))
        .hasMessageContaining("gpu-memory-utilization is 0.5")
        .hasMessageContaining("more ranks");
  }

  @Test
  void weightBytes_countsTheWeightsOnly(@TempDir Path directory) throws IOException {
    Files.write(directory.resolve("model-1.safetensors"), new byte[10]);
    Files.write(directory.resolve("model-2.safetensors"), new byte[5]);
    Files.write(directory.resolve("tokenizer.json"), new byte[100]);

    assertThat(KvMemory.weightBytes(directory)).isEqualTo(15);
  }

  private static EngineKwargs engine(
      double utilization, int tensorParallelSize, int pipelineParallelSize) {
    return LlmConfig.builder()
        .modelId("m")
        .gpuMemoryUtilization(utilization)
        .tensorParallelSize(tensorParallelSize)
        .pipelineParallelSize(pipelineParallelSize)
        .build()
        .engineKwargs();
  }
}
