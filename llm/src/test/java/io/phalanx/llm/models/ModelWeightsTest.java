package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.weights.Checkpoint;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tensors that configurations ask for, against real checkpoints. */
final class ModelWeightsTest {

  @ParameterizedTest
  @ValueSource(strings = {"llama-tiny", "llama-untied", "qwen2-tiny", "qwen3-tiny", "mistral-tiny"})
  void shapes_ofEachArchitecture_areThoseOfItsCheckpoint(String model) {
    Path directory = Golden.directory(model);
    ModelConfig config = ModelConfig.load(directory);
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      assertThat(ModelWeights.shapes(config).keySet())
          .containsExactlyInAnyOrderElementsOf(checkpoint.names());
      ModelWeights.check(config, checkpoint);
    }
  }
}
