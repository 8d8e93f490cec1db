package io.phalanx.llm.layers.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.layers.RankThreadExtension;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class ActivationsTest {
  private static final long ROWS = 512;
  private static final long COLUMNS = 1024;

  @RegisterExtension final RankThreadExtension rank = new RankThreadExtension();
  private Activations activations;

  @BeforeEach
  void enter() {
    activations = new Activations();
  }

  @AfterEach
  void leave() {
    activations.close();
  }

  @Test
  void memoryIsUsedAgainOnceNothingRefersToIt() {
    Tensor first = activations.empty(ROWS, COLUMNS);
    Tensor view = first.narrow(0, 1, 2);
    long address = address(first);
    first.close();
    Tensor second = activations.empty(ROWS, COLUMNS);
    view.close();
    Tensor third = activations.empty(ROWS / 2, COLUMNS + 1);
    assertThat(address(second)).isNotEqualTo(address);
    assertThat(address(third)).isEqualTo(address);
    assertThat(third.sizes().get(1)).isEqualTo(COLUMNS + 1);
    assertThat(third.is_contiguous()).isTrue();
  }

  @Test
  void smallestFreePieceIsTaken() {
    Tensor large = activations.empty(4 * ROWS, COLUMNS);
    Tensor small = activations.empty(ROWS, COLUMNS);
    long address = address(small);
    large.close();
    small.close();
    assertThat(address(activations.empty(ROWS, COLUMNS))).isEqualTo(address);
  }

  @Test
  void growingRequestsReplaceWhatBecameTooSmall() {
    for (int factor = 1; factor <= 8; factor++) {
      activations.empty(factor * ROWS, COLUMNS).close();
    }
    assertThat(activations.capacity()).isEqualTo(8 * ROWS * COLUMNS);
  }

  @Test
  void memoryInUseOutlivesTheActivations() {
    Tensor tensor = activations.empty(ROWS, COLUMNS);
    activations.close();
    tensor.fill_(new org.bytedeco.pytorch.Scalar(3));
    assertThat(tensor.sum().item_float()).isEqualTo(3f * ROWS * COLUMNS);
  }

  private static long address(Tensor tensor) {
    return tensor.data_ptr().address();
  }
}
