package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link PipelineStage}: which layers each stage gets. */
final class PipelineStageTest {

  @ParameterizedTest
  @CsvSource({
    "4, 0, '4'",
    "4, 9.5, '4'",
    "4, 0, '2,2'",
    "5, 0, '2,3'",
    "5, 0.5, '3,2'",
    "16, 2.2, '9,7'",
    "16, 4.3, '10,6'",
    "2, 30, '1,1'",
    "5, 0, '1,1,1,2'",
    "6, 0.2, '1,2,2,1'",
    "7, 1, '2,3,2'",
    "80, 1.2, '20,20,21,19'",
    "3, 5, '1,1,1'"
  })
  void cut_layersAndHead_mostLoadedStageHasLeast(int layers, double head, String expected) {
    List<Integer> sizes = List.of(expected.split(",")).stream().map(Integer::valueOf).toList();

    List<PipelineStage> stages = PipelineStage.cut(layers, head, sizes.size());

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
