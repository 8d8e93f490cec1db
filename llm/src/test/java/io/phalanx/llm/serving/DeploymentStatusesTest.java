package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of a deployment. */
final class DeploymentStatusesTest {

  private static LlmConfig length(int tokens) {
    return LlmConfig.builder()
        .modelId("m")
        .minReplicas(0)
        .maxReplicas(1)
        .maxModelLen(tokens)
        .build();
  }

  @Test
  void of_updateWhileScaledToZero_isTheNewVersionThatWaitsForARequest() {
    DesiredDeployment served = DesiredDeployment.first(length(1), "a", 0).proven("a");
    DeploymentLife life = new DeploymentLife(served.withTarget(0));

    life.deploy(length(2), "b");

    DeploymentStatus status = DeploymentStatuses.of(life, new GangTable<>(), List.of());
    assertThat(status.version()).isEqualTo(2);
    assertThat(status.config()).isEqualTo(length(2));
    assertThat(status.state()).isEqualTo(DeploymentState.HEALTHY);
    assertThat(status.message())
        .isEqualTo("0 of 0 replicas can answer; version 2 starts with the next request");
    assertThat(life.plan(List.of()).start()).isEmpty();
  }
}
