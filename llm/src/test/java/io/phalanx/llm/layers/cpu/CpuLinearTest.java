package io.phalanx.llm.layers.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.layers.RankThreadExtension;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The product with weights in place, with every instruction set that this processor has. */
final class CpuLinearTest {
  private static final List<ScalarType> TYPES =
      List.of(ScalarType.Float, ScalarType.Half, ScalarType.BFloat16);
  private static final int[][] SHAPES = {
    // rows of x, columns, rows of the matrix
    {1, 1, 1},
    {1, 64, 8},
    {2, 31, 5},
    {3, 33, 7},
    {4, 72, 40},
    {5, 257, 3},
    {6, 2048, 66},
    {7, 2080, 9},
    {13, 4100, 13},
    {65, 96, 129},
    {129, 1025, 14}, // two passes, of which one has a row more
    {300, 2081, 25}
  };

  @RegisterExtension final RankThreadExtension rank = new RankThreadExtension();

  private static Stream<Arguments> variants() {
    return CpuIsa.available().stream()
        .flatMap(isa -> TYPES.stream().map(type -> Arguments.of(isa, type)));
  }

  @ParameterizedTest
  @MethodSource("variants")
  void multiply_manyShapes_equalsFloat32Product(CpuIsa isa, ScalarType type) {
    try (ComputePool pool = ComputePool.start(2, isa)) {
      for (int[] shape : SHAPES) {
        Tensor x = torch.randn(shape[0], shape[1]);
        Tensor weight = torch.randn(shape[2], shape[1]).to(type);
        Tensor bias = torch.randn(shape[2]);

        Tensor found = multiply(pool, x, bias, weight);

        Tensor expected = torch.linear(x, weight.to(ScalarType.Float)).add_(bias);
        assertClose(found, expected, 2e-5 * Math.sqrt(shape[1]));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void multiply_rowsInSeveralPlacesAndColumnsCutOut_equalsWholeMatrix(CpuIsa isa, ScalarType type) {
    Tensor x = torch.randn(9, 40);
    Tensor whole = torch.randn(50, 120).to(type);
    Tensor columns = whole.narrow(1, 40, 40);
    try (ComputePool pool = ComputePool.start(2, isa)) {
      Tensor found =
          multiply(
              pool,
              x,
              null,
              columns.narrow(0, 30, 20),
              columns.narrow(0, 3, 1),
              columns.narrow(0, 0, 13));

      Tensor expected = torch.linear(x, columns.to(ScalarType.Float));
      assertClose(found.narrow(1, 0, 20), expected.narrow(1, 30, 20), 1e-4);
      assertClose(found.narrow(1, 20, 1), expected.narrow(1, 3, 1), 1e-4);
      assertClose(found.narrow(1, 21, 13), expected.narrow(1, 0, 13), 1e-4);
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void multiply_anyNumberOfRowsAndThreads_givesTheSameBits(CpuIsa isa, ScalarType type) {
    Tensor x = torch.randn(64, 2100);
    Tensor weight = torch.randn(75, 2100).to(type);
    try (ComputePool one = ComputePool.start(1, isa);
        ComputePool three = ComputePool.start(3, isa)) {
      Tensor all = multiply(one, x, null, weight);
      for (int rows = 1; rows <= 64; rows++) {
        int first = 64 - rows;
        Tensor found = multiply(three, x.narrow(0, first, rows), null, weight);
        assertThat(found.equal(all.narrow(0, first, rows))).as("%d rows", rows).isTrue();
      }
    }
  }

  /** The instruction sets that multiply pairs of bfloat16, as far as this processor has them. */
  private static Stream<CpuIsa> roundingVariants() {
    return CpuIsa.available().stream().filter(isa -> isa == CpuIsa.AVX512BF16);
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("roundingVariants")
  void multiplyRounded_manyShapes_equalsProductOfRoundedRowsInTheSameBitsForAnyRows(CpuIsa isa) {
    try (ComputePool pool = ComputePool.start(2, isa)) {
      for (int[] shape : SHAPES) {
        Tensor x = torch.randn(shape[0], shape[1]);
        Tensor weight = torch.randn(shape[2], shape[1]).to(ScalarType.BFloat16);
        Tensor bias = torch.randn(shape[2]);

        Tensor found = multiply(pool, CpuKernels::multiplyRounded, x, bias, weight);

        Tensor rounded = x.to(ScalarType.BFloat16).to(ScalarType.Float);
        Tensor expected = torch.linear(rounded, weight.to(ScalarType.Float)).add_(bias);
        assertClose(found, expected, 2e-5 * Math.sqrt(shape[1]));
        Tensor last = x.narrow(0, shape[0] - 1, 1);
        Tensor alone = multiply(pool, CpuKernels::multiplyRounded, last, bias, weight);
        assertThat(alone.equal(found.narrow(0, shape[0] - 1, 1))).isTrue();
      }
    }
  }

  /** One of the products of {@link CpuKernels}. */
  private interface Product {
    int multiply(long pool, long matrix, long x, long m, long y);
  }

  private static Tensor multiply(
      ComputePool pool, Tensor x, @Nullable Tensor bias, Tensor... parts) {
    return multiply(pool, CpuKernels::multiply, x, bias, parts);
  }

  private static Tensor multiply(
      ComputePool pool, Product product, Tensor x, @Nullable Tensor bias, Tensor... parts) {
    WeightType type =
        switch (parts[0].scalar_type().intern()) {
          case Float -> WeightType.F32;
          case Half -> WeightType.F16;
          default -> WeightType.BF16;
        };
    long offsets = bias == null ? 0 : bias.data_ptr().address();
    long matrix = CpuKernels.createMatrix(type.number(), x.size(1), offsets, parts.length);
    long rows = 0;
    for (int i = 0; i < parts.length; i++) {
      long base = parts[i].data_ptr().address();
      CpuKernels.setSegment(matrix, i, base, parts[i].size(0), parts[i].stride(0));
      rows += parts[i].size(0);
    }
    Tensor y = torch.empty(x.size(0), rows);
    long from = x.data_ptr().address();
    long to = y.data_ptr().address();
    assertThat(product.multiply(pool.address(), matrix, from, x.size(0), to)).isZero();
    CpuKernels.freeMatrix(matrix);
    return y;
  }

  private static void assertClose(Tensor found, Tensor expected, double tolerance) {
    assertThat(found.sub(expected).abs().max().item_double()).isLessThanOrEqualTo(tolerance);
  }
}
