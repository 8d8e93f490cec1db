package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.serving.DeploymentVersion.Trial;
import io.phalanx.runtime.error.ErrorCode;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a deployment is to be after what is asked for and what happens. */
final class DesiredDeploymentTest {
  private static final DeploymentFailure BROKEN =
      new DeploymentFailure(ErrorCode.REPLICA_FAILED, "broken");

  private final DesiredDeployment served = DesiredDeployment.first(length(1), "a", 0).proven("a");

  private static LlmConfigBuilder config() {
    return LlmConfig.builder().modelId("m").minReplicas(1).maxReplicas(4);
  }

  private static LlmConfig length(int tokens) {
    return config().maxModelLen(tokens).build();
  }

  @Test
  void deploy_sameConfiguration_changesNothing() {
    assertThat(served.deploy(length(1), "b")).isEqualTo(served);
  }

  @Test
  void deploy_otherBounds_keepsTheVersionAndClipsTheTarget() {
    DesiredDeployment changed = served.deploy(config().maxModelLen(1).minReplicas(3).build(), "b");

    assertThat(changed.wanted().id()).isEqualTo("a");
    assertThat(changed.isRolling()).isFalse();
    assertThat(changed.target()).isEqualTo(3);
  }

  @Test
  void deploy_otherEngine_makesASecondVersion() {
    DesiredDeployment rolling = served.deploy(length(2), "b");

    assertThat(rolling.versions()).extracting(DeploymentVersion::id).containsExactly("a", "b");
    assertThat(rolling.wanted().number()).isEqualTo(2);
  }

  @Test
  void deploy_whileAnUpdateHasNoReplica_replacesThatUpdate() {
    DesiredDeployment rolling =
        served.deploy(length(2), "b").deploy(length(3), "c").pruned(Set.of("a", "c"));

    assertThat(rolling.versions()).extracting(DeploymentVersion::id).containsExactly("a", "c");
    assertThat(rolling.wanted().number()).isEqualTo(3);
  }

  @Test
  void deploy_theOldConfigurationAgain_wantsItsReplicasBack() {
    DesiredDeployment back = served.deploy(length(2), "b").proven("b").deploy(length(1), "c");

    assertThat(back.versions()).extracting(DeploymentVersion::id).containsExactly("b", "a");
  }

  @Test
  void failed_withAGoodVersion_wantsThatAgainAndSaysWhy() {
    DesiredDeployment undone = served.deploy(length(2), "b").failed(BROKEN);

    assertThat(undone.wanted().id()).isEqualTo("a");
    assertThat(undone.versions().get(0).trial()).isEqualTo(Trial.BAD);
    assertThat(undone.updateFailure()).contains(BROKEN);
    assertThat(undone.failure()).isEmpty();
    assertThat(undone.pruned(Set.of("a")).versions()).hasSize(1);
  }

  @Test
  void failed_withoutAGoodVersion_isGivenUpUntilItIsDeployedAgain() {
    DesiredDeployment given = DesiredDeployment.first(length(1), "a", 0).failed(BROKEN);

    assertThat(given.failure()).contains(BROKEN);
    assertThat(given.effectiveTarget()).isZero();
    assertThat(given.deploy(length(1), "b").effectiveTarget()).isEqualTo(1);
    assertThat(given.deploy(length(1), "b").wanted().number()).isEqualTo(2);
  }

  @Test
  void pruned_theLastGoodVersion_isKeptUntilTheWantedOneIsGood() {
    DesiredDeployment rolling = served.deploy(length(2), "b");

    assertThat(rolling.pruned(Set.of("b")).versions()).hasSize(2);
    assertThat(rolling.proven("b").pruned(Set.of("b")).versions()).hasSize(1);
  }
}
