package io.phalanx.llm.layers.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pool's threads with one product after another. */
final class ComputePoolTest {
  private static final int ROWS = 3000;
  private static final int RUNS = 200;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void run_againAndAgain_everyTaskIsDoneOnceInEachRun(int threads) {
    float[] ones = new float[ROWS];
    Arrays.fill(ones, 1);
    try (ComputePool pool = ComputePool.start(threads, CpuIsa.best());
        FloatPointer weights = new FloatPointer(ones);
        FloatPointer x = new FloatPointer(1);
        FloatPointer y = new FloatPointer(ROWS)) {
      long matrix = CpuKernels.createMatrix(WeightType.F32.number(), 1, 0, 1);
      CpuKernels.setSegment(matrix, 0, weights.address(), ROWS, 1);
      float[] found = new float[ROWS];
      for (int run = 1; run <= RUNS; run++) {
        x.put(run);
        assertThat(CpuKernels.multiply(pool.address(), matrix, x.address(), 1, y.address()))
            .isZero();
        y.get(found);
        float[] expected = new float[ROWS];
        Arrays.fill(expected, run);
        assertThat(found).isEqualTo(expected);
      }
      CpuKernels.freeMatrix(matrix);
    }
  }
}
