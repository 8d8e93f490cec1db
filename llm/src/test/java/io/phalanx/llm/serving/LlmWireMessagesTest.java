package io.phalanx.llm.serving;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.DeploymentConfig;
import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelLoadingConfig;
import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.PlacementGroupConfig;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.serialization.SerializationRoundTrip;
import io.phalanx.runtime.serialization.WireConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Every message of this module goes over the wire and comes back equal. */
final class LlmWireMessagesTest {
  private static final ActorTestKit testKit = ActorTestKit.create(WireConfig.withoutPort());

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void everyWireMessage_goesRound() {
    LlmConfig config =
        LlmConfig.builder()
            .modelId("m")
            .tensorParallelSize(2)
            .bundles(List.of(Map.of("GPU", 1.0), Map.of("GPU", 1.0)))
            .acceleratorType("L4")
            .build();
    SerializationRoundTrip.of(testKit, new LlmWireMessages())
        .withSample(config)
        .withSample(new ModelLoadingConfig("m", "embedded", Optional.of("t")))
        .withSample(DeploymentConfig.DEFAULT)
        .withSample(AutoscalingConfig.between(1, 2))
        .withSample(EngineKwargs.DEFAULT)
        .withSample(new ParallelConfig(2, 2, 1))
        .withSample(PlacementGroupConfig.DEFAULT)
        .withSample(SamplingParams.greedy(4))
        .withSample(Bundle.of(Resources.ofGpus(1)))
        .verify();
  }
}
