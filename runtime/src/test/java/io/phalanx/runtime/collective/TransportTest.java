package io.phalanx.runtime.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ServingException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which way is taken where. */
final class TransportTest {

  @ParameterizedTest
  @CsvSource({
    "AUTO, a, m, MEMORY",
    "GLOO, a, m, MEMORY",
    "SHARED_MEMORY, a, m, MEMORY",
    "AUTO, b, m, MAPPED_FILE",
    "SHARED_MEMORY, b, m, MAPPED_FILE",
    "GLOO, b, m, GLOO",
    "AUTO, b, n, GLOO",
    "GLOO, b, n, GLOO",
  })
  void of_choiceAndPlaces_isTheFastestWay(
      Transport.Choice choice, String jvm, String machine, Transport expected) {
    assertThat(Transport.of(choice, members(jvm, machine))).isEqualTo(expected);
  }

  @Test
  void of_sharedMemoryOverMachines_isRefused() {
    assertThatThrownBy(() -> Transport.of(Transport.Choice.SHARED_MEMORY, members("b", "n")))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("phalanx.runtime.collective.transport is shared-memory")
        .hasMessageContaining("set auto or gloo");
  }

  @Test
  void machineId_isTheSameWheneverAsked() {
    assertThat(GroupMember.here("127.0.0.1")).isEqualTo(GroupMember.here("127.0.0.1"));
  }

  private static List<GroupMember> members(String secondJvm, String secondMachine) {
    return List.of(
        new GroupMember("a", "m", "127.0.0.1"),
        new GroupMember(secondJvm, secondMachine, "127.0.0.2"));
  }
}
