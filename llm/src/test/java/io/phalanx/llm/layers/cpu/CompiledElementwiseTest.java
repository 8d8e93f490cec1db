package io.phalanx.llm.layers.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.layers.CacheSettings;
import io.phalanx.llm.layers.ElementwiseMethod;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.RankThreadExtension;
import io.phalanx.llm.layers.TorchMethods;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link CompiledElementwise} against LibTorch's operators. */
final class CompiledElementwiseTest {
  private static final double TOLERANCE = 3e-6;

  private final ElementwiseMethod expected = TorchMethods.elementwise();
  @RegisterExtension final RankThreadExtension rank = new RankThreadExtension();

  /** Instruction set, rows and elements of a row. */
  private static Stream<Arguments> shapes() {
    return CpuIsa.available().stream()
        .flatMap(
            isa ->
                Stream.of(
                    Arguments.of(isa, 1, 2048),
                    Arguments.of(isa, 1, 7),
                    Arguments.of(isa, 9, 72),
                    Arguments.of(isa, 130, 1000)));
  }

  private ElementwiseMethod compiled(CpuIsa isa) {
    ComputePool pool = ComputePool.start(3, isa);
    rank.owner().onClose(pool::close);
    return new CompiledElementwise(pool);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void norms_equalLibTorch(CpuIsa isa, int rows, int size) {
    ElementwiseMethod method = compiled(isa);
    Tensor weight = torch.randn(size);
    Tensor input = torch.randn(rows, size);
    Tensor residual = torch.randn(rows, size);
    Tensor sum = input.clone();
    Tensor expectedSum = input.clone();

    Tensor normalized = TorchMethods.norm(weight, 1e-5, method).forward(input);
    Tensor added = TorchMethods.norm(weight, 1e-5, method).addAndForward(sum, residual);

    assertClose(normalized, TorchMethods.norm(weight, 1e-5, expected).forward(input));
    assertClose(
        added, TorchMethods.norm(weight, 1e-5, expected).addAndForward(expectedSum, residual));
    assertThat(sum.equal(expectedSum)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void siluAndMulAndAdd_equalLibTorch(CpuIsa isa, int rows, int size) {
    ElementwiseMethod method = compiled(isa);
    Tensor gateAndUp = torch.randn(rows, 2L * size).mul_(new org.bytedeco.pytorch.Scalar(6));
    Tensor summand = torch.randn(rows, size);

    Tensor gated = method.siluAndMul(gateAndUp);

    assertClose(gated, expected.siluAndMul(gateAndUp));
    Tensor expectedSum = gated.add(summand);
    assertThat(method.add(gated, summand).equal(expectedSum)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void embed_partOfATable_equalsLibTorch(CpuIsa isa, int rows, int size) {
    ElementwiseMethod method = compiled(isa);
    ComputePool pool = ComputePool.start(1, isa);
    rank.owner().onClose(pool::close);
    CompiledAttention attention =
        new CompiledAttention(
            pool, new CacheSettings(KvCacheType.FLOAT32, 16), new CompiledElementwise(pool));
    ModelInput input =
        new ModelInput(
            1,
            new int[] {9, 10, 12, 29, 30},
            new int[] {5},
            new int[] {5},
            new int[][] {{0}},
            List.of());
    Tensor frequencies = torch.ones(2);
    for (ScalarType type : List.of(ScalarType.Float, ScalarType.Half, ScalarType.BFloat16)) {
      Tensor table = torch.randn(20, size).to(type);

      Tensor found = method.embed(table, 10, attention.step(input, frequencies));

      CacheSettings cache = new CacheSettings(KvCacheType.FLOAT32, 16);
      assertThat(
              found.equal(
                  expected.embed(
                      table, 10, TorchMethods.attention(cache).step(input, frequencies))))
          .isTrue();
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void argmax_equalsLibTorch(CpuIsa isa, int rows, int size) {
    Tensor logits = torch.randn(rows, size);

    assertThat(compiled(isa).argmax(logits)).isEqualTo(expected.argmax(logits));
  }

  private static void assertClose(Tensor found, Tensor expected) {
    assertThat(found.sizes().vec().get()).isEqualTo(expected.sizes().vec().get());
    double largest = expected.abs().max().item_double();
    assertThat(found.sub(expected).abs().max().item_double())
        .isLessThanOrEqualTo(TOLERANCE * largest);
  }
}
