package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ReplicaNamesTest {

  @Test
  void replica_ofAModelWithASlash_hasNone() {
    assertThat(ReplicaNames.replica("org/m", "0-12ab")).isEqualTo("org-m-0-12ab");
    assertThat(ReplicaNames.group("org/m", "org-m-0-12ab")).isEqualTo("org/m-0-12ab");
  }

  @Test
  void isOf_onlyGroupsOfThatModel() {
    assertThat(ReplicaNames.isOf("m", "m-0-12ab")).isTrue();
    assertThat(ReplicaNames.isOf("m", "m-10.3-12ab")).isTrue();
    assertThat(ReplicaNames.isOf("m", "m-0-0-12ab")).isFalse();
    assertThat(ReplicaNames.isOf("m-0", "m-0-12ab")).isFalse();
    assertThat(ReplicaNames.isOf("m", "mine")).isFalse();
  }
}
