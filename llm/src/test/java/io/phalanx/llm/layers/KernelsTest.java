package io.phalanx.llm.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The CPU's chosen kernels against the plain ones. */
final class KernelsTest {
  private static final int IN = 72;
  private static final int OUT = 40;

  @RegisterExtension final RankThreadExtension rank = new RankThreadExtension();
  private Kernels kernels;

  @BeforeEach
  void enter() {
    kernels =
        Kernels.of(Device.CPU, ScalarType.BFloat16, KernelSettings.exact(1), 16, rank.owner());
  }

  @Test
  void of_batchInvariantWithoutSuchKernels_isRefused() {
    KernelSettings settings =
        new KernelSettings(1, Quantization.NONE, false, true, KvCacheType.AUTO);

    assertThatThrownBy(
            () -> Kernels.of(Device.cuda(0), ScalarType.BFloat16, settings, 16, rank.owner()))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("batch-invariant");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 32, 65})
  void linear_16BitWeights_equalsFloat32Product(int rows) {
    Tensor weight = torch.randn(OUT, IN).to(ScalarType.BFloat16);
    Tensor bias = torch.randn(OUT);
    Tensor input = torch.randn(rows, IN);

    Tensor found = kernels.linear().prepare(List.of(weight), bias, rank.owner()).forward(input);

    assertClose(found, torch.linear(input, weight.to(ScalarType.Float)).add_(bias), 3e-5);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e6, 1.0001})
  void linear_weightsThatFloat16CannotHold_areNotRounded(double weightValue) {
    Tensor weight = torch.full(new long[] {OUT, IN}, new Scalar(weightValue));
    Tensor input = torch.ones(1, IN);

    Tensor found = kernels.linear().prepare(List.of(weight), null, rank.owner()).forward(input);

    assertClose(found, torch.linear(input, weight), 1e-6 * weightValue * IN);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 64})
  void linear_int8_isNearTheFloat32Product(int rows) {
    KernelSettings settings =
        new KernelSettings(2, Quantization.INT8, false, false, KvCacheType.AUTO);
    LinearMethod int8 =
        Kernels.of(Device.CPU, ScalarType.BFloat16, settings, 16, rank.owner()).linear();
    Tensor upper = torch.randn(OUT, IN).to(ScalarType.BFloat16);
    Tensor lower = torch.randn(3, IN).to(ScalarType.BFloat16);
    Tensor bias = torch.randn(OUT + 3);
    Tensor input = torch.randn(rows, IN);

    Tensor found = int8.prepare(List.of(upper, lower), bias, rank.owner()).forward(input);

    Tensor weight = LinearMethod.joined(List.of(upper, lower)).to(ScalarType.Float);
    double typical = Math.sqrt(IN);
    assertClose(found, torch.linear(input, weight).add_(bias), 0.05 * typical);
  }

  @ParameterizedTest
  @EnumSource(Quantization.class)
  void linear_noRows_givesNone(Quantization quantization) {
    for (boolean rounding : new boolean[] {false, true}) {
      KernelSettings settings =
          new KernelSettings(2, quantization, rounding, false, KvCacheType.AUTO);
      LinearMethod method =
          Kernels.of(Device.CPU, ScalarType.BFloat16, settings, 16, rank.owner()).linear();

      assertGivesNone(method);
    }
  }

  @Test
  void linear_noRowsForLibTorch_givesNone() {
    LinearMethod dense =
        new DenseLinearMethod(new org.bytedeco.pytorch.Device("cpu"), ScalarType.Float);

    assertGivesNone(dense);
    assertGivesNone(new PackedHalfLinearMethod(dense, rank.owner()));
  }

  private void assertGivesNone(LinearMethod method) {
    Tensor weight = torch.randn(OUT, IN).to(ScalarType.BFloat16);
    Linear linear = method.prepare(List.of(weight), torch.randn(OUT), rank.owner());

    Tensor found = linear.forward(torch.empty(0, IN));

    assertThat(found.sizes().vec().get()).containsExactly(0, OUT);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,37", "5,5", "5,37", "33,1000"})
  void attend_flash_equalsExplicitMask(int tokens, int length) {
    Tensor query = torch.randn(tokens, 6, 16);
    Tensor keys = torch.randn(length, 2, 16);
    Tensor values = torch.randn(length, 2, 16);

    Tensor found = new CpuFlashAttention(rank.owner()).attend(query, keys, values);

    assertClose(found, new MaskedAttention().attend(query, keys, values), 1e-5);
  }

  @Test
  void attend_maskedMethodInSlices_equalsWhole() {
    int length = (int) (MaskedAttention.MAX_MASK_ELEMENTS / 64);
    Tensor query = torch.randn(130, 1, 8);
    Tensor keys = torch.randn(length, 1, 8);
    Tensor values = torch.randn(length, 1, 8);

    Tensor found = new MaskedAttention().attend(query, keys, values);

    assertClose(found, new CpuFlashAttention(rank.owner()).attend(query, keys, values), 1e-5);
  }

  private static void assertClose(Tensor found, Tensor expected, double tolerance) {
    assertThat(found.sizes().vec().get()).isEqualTo(expected.sizes().vec().get());
    assertThat(found.sub(expected).abs().max().item_double()).isLessThanOrEqualTo(tolerance);
  }
}
