package io.phalanx.llm;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link ReplicaBundles}: default bundles, the accelerator label, and the merge into bundle 0. */
final class ReplicaBundlesTest {

  @Test
  void bundles_byDefault_areOneGpuEachWithTheLabelAndTheReplicaInTheFirst() {
    LlmConfig config = model().tensorParallelSize(2).pipelineParallelSize(2).build();

    List<Bundle> bundles = ReplicaBundles.bundles(config);

    Bundle rank = new Bundle(Resources.ofGpus(1), Map.of("accelerator-type", "L4"));
    Bundle first = bundle(Map.of("GPU", 1.0, "CPU", 1.0), Map.of("accelerator-type", "L4"));
    assertThat(bundles).containsExactly(first, rank, rank, rank);
  }

  @Test
  void bundles_raysMergeExample_sumsTheReplicaIntoBundleZero() {
    Map<String, Double> each = Map.of("GPU", 1.0, "CPU", 1.0);
    LlmConfig config =
        LlmConfig.builder()
            .modelId("m")
            .tensorParallelSize(2)
            .bundles(List.of(each, each))
            .actorOptions(new ReplicaResources(1, 0, 100, Map.of()))
            .build();

    assertThat(ReplicaBundles.bundles(config))
        .containsExactly(
            bundle(Map.of("GPU", 1.0, "CPU", 2.0, "memory", 100.0), Map.of()),
            bundle(each, Map.of()));
  }

  @Test
  void bundles_replicaWithGpuAndCustomResource_areSummedToo() {
    LlmConfig config =
        LlmConfig.builder()
            .modelId("m")
            .bundles(List.of(Map.of("GPU", 1.0, "disk", 1.0)))
            .actorOptions(new ReplicaResources(0, 1, 0, Map.of("disk", 2.0)))
            .build();

    assertThat(ReplicaBundles.bundles(config))
        .containsExactly(bundle(Map.of("GPU", 2.0, "disk", 3.0), Map.of()));
    assertThat(ReplicaBundles.ranksPerBundle(config)).containsExactly(1);
  }

  @Test
  void bundles_userNamesAnAccelerator_keepsIt() {
    LlmConfig config =
        model()
            .tensorParallelSize(2)
            .bundles(List.of(Map.of("GPU", 1.0), Map.of("GPU", 1.0, "accelerator_type:T4", 0.001)))
            .bundleLabelSelector(List.of(Map.of("accelerator-type", "H100"), Map.of()))
            .build();

    assertThat(ReplicaBundles.bundles(config))
        .extracting(Bundle::labelSelector)
        .containsExactly(Map.of("accelerator-type", "H100"), Map.of("accelerator-type", "T4"));
  }

  @Test
  void bundles_withoutGpu_getNoAcceleratorLabel() {
    LlmConfig config =
        model()
            .tensorParallelSize(2)
            .bundles(List.of(Map.of("CPU", 1.0), Map.of("GPU", 2.0)))
            .build();

    assertThat(ReplicaBundles.bundles(config).get(0).labelSelector()).isEmpty();
    assertThat(ReplicaBundles.ranksPerBundle(config)).containsExactly(0, 2);
  }

  @Test
  void bundlePerWorker_isRepeatedForEachRankAndHoldsOne() {
    LlmConfig config =
        model().tensorParallelSize(2).bundlePerWorker(Map.of("GPU", 1.0, "CPU", 4.0)).build();

    assertThat(ReplicaBundles.bundles(config))
        .extracting(bundle -> bundle.resources().get(Resources.CPU) / Resources.UNIT)
        .containsExactly(5L, 4L);
    assertThat(ReplicaBundles.ranksPerBundle(config)).containsExactly(1, 1);
  }

  @Test
  void ranksPerBundle_sharedGpus_takeTheFirstShareEach() {
    LlmConfig config =
        model()
            .tensorParallelSize(4)
            .bundles(List.of(Map.of("GPU", 0.25), Map.of("GPU", 0.75), Map.of("CPU", 1.0)))
            .build();

    assertThat(ReplicaBundles.ranksPerBundle(config)).containsExactly(1, 3, 0);
  }

  @Test
  void ranksPerBundle_withoutAnyGpu_isOneForEachBundleWithCpus() {
    LlmConfig config =
        LlmConfig.builder()
            .modelId("m")
            .tensorParallelSize(2)
            .bundles(List.of(Map.of("CPU", 4.0), Map.of("CPU", 1.0)))
            .build();

    assertThat(ReplicaBundles.ranksPerBundle(config)).containsExactly(1, 1);
  }

  @Test
  void group_dataParallel_overridesTheStrategy() {
    LlmConfig config =
        model()
            .tensorParallelSize(2)
            .dataParallelSize(2)
            .strategy(PlacementStrategy.SPREAD)
            .build();

    PlacementGroupSpec group = ReplicaBundles.group(config, "m-0");

    assertThat(group.strategy()).isEqualTo(PlacementStrategy.STRICT_PACK);
    assertThat(group.bundles()).hasSize(2);
    assertThat(group.options().keepTogether()).isEqualTo(2);
  }

  private static LlmConfigBuilder model() {
    return LlmConfig.builder().modelId("m").acceleratorType("L4");
  }

  private static Bundle bundle(Map<String, Double> amounts, Map<String, String> labels) {
    return new Bundle(Resources.of(amounts), labels);
  }
}
