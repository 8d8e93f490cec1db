package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link PipelineStage}: which layers each stage gets. */
final class PipelineStageTest {

  @ParameterizedTest
  @CsvSource({
    "4, '4'",
    "4, '2,2'",
    "5, '3,2'",
    "5, '1,2,1,1'",
    "6, '1,2,2,1'",
    "7, '2,3,2'",
    "3, '1,1,1'"
  })
  void of_layersAndStages_remainderGoesToTheMiddle(int layers, String expected) {
    List<Integer> sizes = List.of(expected.split(",")).stream().map(Integer::valueOf).toList();

    List<PipelineStage> stages =
        IntStream.range(0, sizes.size())
            .mapToObj(stage -> PipelineStage.of(layers, stage, sizes.size()))
            .toList();

    assertThat(stages).extracting(PipelineStage::numLayers).isEqualTo(sizes);
    int next = 0;
    for (PipelineStage stage : stages) {
      assertThat(stage.firstLayer()).isEqualTo(next);
      next += stage.numLayers();
    }
    assertThat(next).isEqualTo(layers);
    assertThat(stages.get(0).isFirst()).isTrue();
    assertThat(stages.get(stages.size() - 1).isLast()).isTrue();
  }
}
