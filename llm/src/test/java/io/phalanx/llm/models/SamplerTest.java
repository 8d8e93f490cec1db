package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.layers.KernelSettings;
import io.phalanx.llm.layers.Kernels;
import io.phalanx.llm.layers.NativeOwner;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.NativeRuntime;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link Sampler} over a vocabulary of five tokens with known probabilities. */
final class SamplerTest {
  private static final double[] PROBABILITIES = {0.1, 0.4, 0.05, 0.25, 0.2};
  private static final int DRAWS = 4000;

  @BeforeAll
  static void loadLibTorch() {
    NativeRuntime.load();
  }

  @Test
  void sample_temperatureZero_takesTheLikeliest() {
    assertThat(sample(List.of(row(0, -1, 1, 0, 1, 0), row(0, 1, 0.5f, 0.5f, 2, 9))))
        .containsExactly(1, 1);
  }

  @Test
  void sample_manyPositions_followsTheDistribution() {
    int[] counts = counts(1, -1, 1, 0);

    for (int token = 0; token < counts.length; token++) {
      double deviation = Math.sqrt(PROBABILITIES[token] * (1 - PROBABILITIES[token]) / DRAWS);
      assertThat((double) counts[token] / DRAWS)
          .isCloseTo(PROBABILITIES[token], within(4 * deviation));
    }
  }

  @Test
  void sample_temperature_sharpensTheDistribution() {
    double[] squared = {0.01, 0.16, 0.0025, 0.0625, 0.04};
    double sum = 0.275;

    int[] counts = counts(0.5f, -1, 1, 0);

    assertThat((double) counts[1] / DRAWS).isCloseTo(squared[1] / sum, within(0.03));
    assertThat((double) counts[2] / DRAWS).isCloseTo(squared[2] / sum, within(0.01));
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 1, 0, '0,1,2,3,4'",
    "0, 1, 0, '0,1,2,3,4'",
    "1, 1, 0, '1'",
    "3, 1, 0, '1,3,4'",
    "9, 1, 0, '0,1,2,3,4'",
    "-1, 0.3, 0, '1'",
    "-1, 0.5, 0, '1,3'",
    "-1, 0.7, 0, '1,3,4'",
    "-1, 0.94, 0, '0,1,3,4'",
    "3, 0.7, 0, '1,3'",
    "-1, 1, 0.3, '1,3,4'",
    "-1, 1, 1, '1'",
    "-1, 0.5, 0.3, '1,3'",
  })
  void sample_filters_keepExactlyTheirSet(int topK, float topP, float minP, String expected) {
    int[] counts = counts(1, topK, topP, minP);

    Set<String> drawn = new TreeSet<>();
    IntStream.range(0, counts.length)
        .filter(token -> counts[token] > 0)
        .forEach(token -> drawn.add(Integer.toString(token)));
    assertThat(drawn).containsExactly(expected.split(","));
  }

  @Test
  void sample_sameSeedAndPosition_isTheSameWhateverTheBatch() {
    SampleRow row = row(1, -1, 0.95f, 0, 42, 7);
    List<SampleRow> crowd =
        List.of(row(1, 2, 1, 0, 1, 1), row, row(0, -1, 1, 0, 0, 0), row, row(1, -1, 1, 0, 5, 7));

    int alone = sample(List.of(row))[0];
    int[] among = sample(crowd);

    assertThat(among[1]).isEqualTo(alone);
    assertThat(among[3]).isEqualTo(alone);
  }

  @Test
  void uniform_seedsAndPositions_areSpreadOverTheUnitInterval() {
    double sum = 0;
    Set<Double> seen = new TreeSet<>();
    for (int seed = -50; seed < 50; seed++) {
      for (int position = 0; position < 100; position++) {
        double number = CounterRandom.uniform(seed, position);
        assertThat(number).isBetween(0.0, Math.nextDown(1.0));
        seen.add(number);
        sum += number;
      }
    }
    assertThat(seen).hasSize(10_000);
    assertThat(sum / 10_000).isCloseTo(0.5, within(0.01));
  }

  @Test
  void sample_topPOfManyEqualTokens_keepsMoreThanTheLikeliestFew() {
    List<SampleRow> rows =
        IntStream.range(0, DRAWS).mapToObj(p -> row(1, -1, 0.9f, 0, 5, p)).toList();

    Set<Integer> drawn =
        new TreeSet<>(IntStream.of(sample(new float[5000], rows)).boxed().toList());

    assertThat(drawn).hasSizeBetween(2400, 2900);
  }

  private static int[] counts(float temperature, int topK, float topP, float minP) {
    List<SampleRow> rows =
        IntStream.range(0, DRAWS)
            .mapToObj(position -> row(temperature, topK, topP, minP, 11, position))
            .toList();
    int[] counts = new int[PROBABILITIES.length];
    for (int token : sample(rows)) {
      counts[token]++;
    }
    return counts;
  }

  private static SampleRow row(
      float temperature, int topK, float topP, float minP, long seed, int position) {
    return new SampleRow(0, temperature, topK, topP, minP, seed, position);
  }

  private static int[] sample(List<SampleRow> rows) {
    float[] logits = new float[PROBABILITIES.length];
    for (int token = 0; token < logits.length; token++) {
      logits[token] = (float) Math.log(PROBABILITIES[token]) + 3;
    }
    return sample(logits, rows);
  }

  private static int[] sample(float[] logits, List<SampleRow> rows) {
    try (PointerScope scope = new PointerScope();
        NativeOwner owner = new NativeOwner()) {
      KernelSettings settings = KernelSettings.exact(1);
      Kernels kernels = Kernels.of(Device.CPU, ScalarType.Float, settings, 16, owner);
      Tensor one = torch.tensor(logits).unsqueeze(0);
      return Sampler.sample(one.expand(rows.size(), logits.length), rows, kernels.elementwise());
    }
  }
}
