package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.phalanx.llm.layers.RowShare;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link PipelineStage}: what each stage gets. */
final class PipelineStageTest {

  @ParameterizedTest
  @CsvSource({
    "4, 9.5, '4', '9.5'",
    "4, 1, '2,2', '0.5,0.5'",
    "16, 4.3, '8,8', '2.15,2.15'",
    "5, 0.5, '2,3', '0.5,0'",
    "5, 3, '2,3', '2,1'",
    "5, 0.3, '1,1,1,2', '0.1,0.1,0.1,0'",
    "16, 4.4, '5,5,6', '1.8,1.8,0.8'",
    "2, 30, '1,1', '15,15'"
  })
  void cut_layersAndHead_layersAreEvenAndTheHeadFillsUp(
      int layers, double head, String expectedLayers, String expectedHead) {
    List<Integer> sizes = numbers(expectedLayers, Integer::valueOf);

    List<PipelineStage> stages = PipelineStage.cut(layers, head, sizes.size());

    assertThat(stages).extracting(PipelineStage::numLayers).isEqualTo(sizes);
    List<Double> shares = numbers(expectedHead, Double::valueOf);
    for (int i = 0; i < stages.size(); i++) {
      RowShare output = stages.get(i).output();
      assertThat((output.to() - output.from()) * head).isCloseTo(shares.get(i), within(1e-9));
    }
  }

  @ParameterizedTest
  @CsvSource({"7, 2.5, 3", "80, 1.2, 4", "3, 5, 3", "16, 4.3, 1"})
  void cut_anything_everyLayerAndRowIsOnOneStage(int layers, double head, int count) {
    List<PipelineStage> stages = PipelineStage.cut(layers, head, count);

    int nextLayer = 0;
    double nextRow = 0;
    for (PipelineStage stage : stages) {
      assertThat(stage.firstLayer()).isEqualTo(nextLayer);
      assertThat(stage.output().from()).isEqualTo(nextRow);
      nextLayer += stage.numLayers();
      nextRow = stage.output().to();
    }
    assertThat(nextLayer).isEqualTo(layers);
    assertThat(nextRow).isEqualTo(1);
    assertThat(stages).extracting(PipelineStage::isFirst).startsWith(true).hasSize(count);
    assertThat(stages.get(count - 1).isLast()).isTrue();
  }

  private static <T> List<T> numbers(String text, Function<String, T> parse) {
    return Stream.of(text.split(",")).map(parse).toList();
  }
}
