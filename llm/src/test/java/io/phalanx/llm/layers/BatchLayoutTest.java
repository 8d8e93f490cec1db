package io.phalanx.llm.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@link BatchLayout}: positions and slots of a mixed step. */
final class BatchLayoutTest {

  @Test
  void of_chunkAndDecode_placesEachToken() {
    ModelInput input =
        new ModelInput(
            1,
            new int[] {10, 11, 12, 20},
            new int[] {3, 1},
            new int[] {5, 4},
            new int[][] {{7, 2, 9}, {0, 3}},
            List.of(new SampleRow(1, 0, -1, 1, 0, 0, 0)));

    BatchLayout layout = BatchLayout.of(input, 2);

    assertThat(layout.positions()).containsExactly(2, 3, 4, 3);
    assertThat(layout.slots()).containsExactly(4, 5, 18, 7);
    assertThat(layout.sampleRows()).containsExactly(3);
    assertThat(layout.spans()).extracting(BatchLayout.Span::firstToken).containsExactly(0, 3);
  }
}
