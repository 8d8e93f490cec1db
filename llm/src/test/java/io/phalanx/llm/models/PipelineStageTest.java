package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.phalanx.llm.layers.RowShare;
import io.phalanx.llm.models.PipelineStage.Work;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
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

    List<PipelineStage> stages = PipelineStage.cut(layers, new Work(head, 0.8), sizes.size());

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
    List<PipelineStage> stages = PipelineStage.cut(layers, new Work(head, 0.8), count);

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

  @ParameterizedTest
  @CsvSource({
    "16, 0.8, '0.625,0'",
    "4, 0.5, '0.5,1,1,0'",
    "16, 0.8, '0.3125,0.625,0.9375,0'",
    "5, 0.8, '0,0'",
    "40, 0.8, '0,0'",
    "16, 0.8, '0'"
  })
  void cut_lastLayerOfPromptsIsNothing_stagesLeaveTheNextWhatEvensThem(
      int layers, double feedForward, String expected) {
    List<Double> shares = numbers(expected, Double::valueOf);

    List<PipelineStage> stages = PipelineStage.cut(layers, new Work(1, feedForward), shares.size());

    double before = 0;
    for (int i = 0; i < stages.size(); i++) {
      assertThat(stages.get(i).leftOver()).isCloseTo(shares.get(i), within(1e-9));
      assertThat(stages.get(i).takenOver()).isEqualTo(before);
      before = stages.get(i).leftOver();
    }
  }

  @Test
  void rowsLeftOver_ofFewRows_areNone() {
    PipelineStage first = PipelineStage.cut(16, new Work(4, 0.8), 2).get(0);

    assertThat(first.rowsLeftOver(63)).isZero();
    assertThat(first.rowsLeftOver(64)).isEqualTo(40);
  }

  private static <T> List<T> numbers(String text, Function<String, T> parse) {
    return Stream.of(text.split(",")).map(parse).toList();
  }
}
