package io.phalanx.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Amounts, bundles and groups: exact sums, and what is refused. */
final class ResourcesTest {

  @Test
  void plus_manyTenths_isExact() {
    Resources sum = Resources.NONE;
    for (int i = 0; i < 10; i++) {
      sum = sum.plus(Resources.ofGpus(0.1));
    }

    assertThat(sum).isEqualTo(Resources.ofGpus(1));
    assertThat(sum.minus(Resources.ofGpus(1)).isZero()).isTrue();
  }

  @Test
  void fits_comparesEveryName() {
    Resources free = Resources.of(Map.of("GPU", 1.0, "CPU", 2.0));

    assertThat(Resources.of(Map.of("GPU", 1.0, "CPU", 2.0)).fits(free)).isTrue();
    assertThat(Resources.of(Map.of("GPU", 1.0, "disk", 1.0)).fits(free)).isFalse();
    assertThat(Resources.of("CPU", 3).missingIn(free)).isEqualTo(Resources.of("CPU", 1));
  }

  @Test
  void toString_isForPeople() {
    Resources resources = Resources.of(Map.of("memory", 1.5 * (1L << 30), "GPU", 0.5, "CPU", 4.0));

    assertThat(resources).hasToString("CPU 4, GPU 0.5, memory 1.5 GiB");
  }

  @Test
  void of_badAmounts_areRefusedWithNameAndValue() {
    assertRefused(() -> Resources.ofGpus(-1), "resource [GPU] = -1.0 must not be negative");
    assertRefused(() -> Resources.ofGpus(Double.NaN), "resource [GPU] = NaN must be a finite");
    assertRefused(
        () -> Resources.ofGpus(0.00001),
        "[GPU] = 1.0E-5 must have at most 4 decimals: give 0.0001");
    assertRefused(() -> Resources.of("CPU", 1.0 / 3), "must have at most 4 decimals: give 0.3333");
    assertRefused(() -> Resources.of("CPU", 1e15), "must be a finite number of at most 9e14");
    assertRefused(() -> Resources.of(" ", 1), "needs a name");
  }

  @Test
  void bundle_allZeroOrFractionAboveOne_isRefused() {
    assertRefused(() -> Bundle.ofGpus(0), "a bundle must ask for something");
    assertRefused(() -> Bundle.of(Resources.of(Map.of())), "a bundle must ask for something");
    assertRefused(
        () -> Bundle.ofGpus(1.5),
        "GPU = 1.5 must be below 1 (a share of one device) or whole: give 1 or 2");
  }

  @Test
  void of_sumsOfDoubles_areNotTakenForMoreDecimals() {
    assertThat(Resources.of("CPU", 0.1 + 0.2)).isEqualTo(Resources.of("CPU", 0.3));
    assertThat(Resources.of("CPU", 123_456.789)).hasToString("CPU 123456.789");
    assertThat(Resources.of("memory", (1L << 30) / 3.0)).hasToString("memory 341.3 MiB");
  }

  @Test
  void bundle_badSelector_isRefused() {
    for (String condition : List.of("", "in()", "in(a,)", "in(a", "!", "a,b")) {
      assertRefused(
          () -> new Bundle(Resources.ofGpus(1), Map.of("zone", condition)),
          "label selector [zone] = [" + condition + "] must be one of");
    }
  }

  @Test
  void selector_nodeWithoutTheLabel_meetsOnlyNegations() {
    assertThat(selects("a", Map.of())).isFalse();
    assertThat(selects("in(a,b)", Map.of())).isFalse();
    assertThat(selects("!a", Map.of())).isTrue();
    assertThat(selects("!in(a, b)", Map.of("zone", "b"))).isFalse();
    assertThat(selects("in(a, b)", Map.of("zone", "b"))).isTrue();
  }

  private static boolean selects(String condition, Map<String, String> labels) {
    return new Bundle(Resources.ofGpus(1), Map.of("zone", condition)).accepts(labels);
  }

  @Test
  void group_withoutBundlesOrId_isRefused() {
    assertRefused(
        () -> new PlacementGroupSpec("g", "", List.of(), PlacementStrategy.PACK),
        "placement group [g] has no bundles");
    assertRefused(
        () -> Clusters.group(" ", PlacementStrategy.PACK, 1), "a placement group needs an id");
  }

  private static void assertRefused(ThrowingCallable call, String text) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContaining(text);
  }
}
