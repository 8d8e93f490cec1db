package io.phalanx.llm.layers.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.bytedeco.javacpp.FloatPointer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The 8-bit product, to the bit, with every instruction set that this processor has. */
final class CpuInt8Test {
  private static final int[][] SHAPES = {
    // rows of x, columns, rows of the matrix
    {1, 1, 1}, {1, 64, 32}, {2, 31, 5}, {3, 33, 37}, {4, 72, 40}, {5, 257, 3}, {6, 2052, 66},
    {7, 80, 64}, {8, 63, 33}, {9, 65, 95}, {10, 4, 31}, {11, 7, 8}, {13, 4101, 13}, {65, 96, 129}
  };
  private static final int LARGEST = 127;

  private final Random random = new Random(3);

  private static Stream<CpuIsa> variants() {
    return CpuIsa.available().stream();
  }

  @ParameterizedTest
  @MethodSource("variants")
  void multiply_manyShapes_equalsTheRoundedProduct(CpuIsa isa) {
    try (ComputePool pool = ComputePool.start(2, isa)) {
      for (int[] shape : SHAPES) {
        float[] x = randoms(shape[0] * shape[1]);
        float[] weights = randoms(shape[2] * shape[1]);
        float[] bias = randoms(shape[2]);

        float[] found = multiply(pool, x, weights, bias, shape[1]);

        assertThat(found).isEqualTo(expected(x, weights, bias, shape[1]));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void multiply_rowOfZerosAndExtremes_hasNoNaN(CpuIsa isa) {
    float[] x = new float[200];
    float[] weights = new float[200];
    for (int i = 0; i < 100; i++) {
      x[i] = i % 2 == 0 ? 3000 : -3000;
      weights[i] = x[i];
    }
    try (ComputePool pool = ComputePool.start(1, isa)) {
      float[] found = multiply(pool, x, weights, new float[2], 100);

      assertThat(found).containsExactly(new float[] {9e8f, 0, 0, 0}, within(1e3f));
    }
  }

  private static Offset<Float> within(float offset) {
    return Offset.offset(offset);
  }

  private float[] randoms(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] multiply(
      ComputePool pool, float[] x, float[] weights, float[] bias, int columns) {
    int rows = bias.length;
    int m = x.length / columns;
    float[] result = new float[m * rows];
    try (FloatPointer from = new FloatPointer(x);
        FloatPointer elements = new FloatPointer(weights);
        FloatPointer offsets = new FloatPointer(bias);
        FloatPointer to = new FloatPointer(result.length)) {
      int type = WeightType.F32.number();
      long source = CpuKernels.createMatrix(type, columns, offsets.address(), 2);
      CpuKernels.setSegment(source, 0, elements.address(), 1, columns);
      CpuKernels.setSegment(source, 1, elements.address() + 4L * columns, rows - 1, columns);
      long matrix = CpuKernels.createInt8Matrix(pool.address(), source);
      CpuKernels.freeMatrix(source);
      CpuKernels.multiplyInt8(pool.address(), matrix, from.address(), m, to.address());
      CpuKernels.freeInt8Matrix(matrix);
      to.get(result);
    }
    return result;
  }

  private static float[] expected(float[] x, float[] weights, float[] bias, int columns) {
    int rows = bias.length;
    Rounded left = Rounded.of(x, columns);
    Rounded right = Rounded.of(weights, columns);
    float[] result = new float[x.length / columns * rows];
    for (int i = 0; i < result.length; i++) {
      int m = i / rows;
      int n = i % rows;
      int sum = 0;
      for (int k = 0; k < columns; k++) {
        sum += left.values[m * columns + k] * right.values[n * columns + k];
      }
      result[i] = sum * (left.scales[m] * right.scales[n]) + bias[n];
    }
    return result;
  }

  /** Rows in 8 bits, each with its scale. */
  private static final class Rounded {
    private final int[] values;
    private final float[] scales;

    private Rounded(int count, int rows) {
      this.values = new int[count];
      this.scales = new float[rows];
    }

    static Rounded of(float[] rows, int columns) {
      Rounded result = new Rounded(rows.length, rows.length / columns);
      for (int row = 0; row < result.scales.length; row++) {
        float largest = 0;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
          largest = Math.max(largest, Math.abs(rows[i]));
        }
        result.scales[row] = largest / LARGEST;
        float inverse = LARGEST / largest;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
          result.values[i] = (int) Math.rint(rows[i] * inverse);
        }
      }
      return result;
    }
  }
}
