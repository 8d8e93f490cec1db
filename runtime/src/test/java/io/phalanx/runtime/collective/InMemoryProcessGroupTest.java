package io.phalanx.runtime.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.device.Device;
import java.time.Duration;
import java.util.Collections;
import org.junit.jupiter.api.Test;

/** Ranks that share the memory of a JVM. */
final class InMemoryProcessGroupTest extends SharedMemoryContract {

  @Override
  Transport transport() {
    return Transport.MEMORY;
  }

  @Test
  void join_ofAnotherJvmsRank_isRefused() {
    GroupMember elsewhere = new GroupMember("x", MachineId.current(), "127.0.0.1");
    GroupSpec spec =
        new GroupSpec(
            "other",
            1,
            Collections.nCopies(2, elsewhere),
            Transport.MEMORY,
            "",
            Duration.ofSeconds(1));

    assertThatThrownBy(() -> ProcessGroups.join(spec, 0, Device.CPU))
        .hasMessageContaining("another JVM");
  }

  @Test
  void join_afterTheOthersHaveLeft_findsTheGroupFailed() {
    GroupSpec spec = spec(2, Duration.ofMinutes(1));
    try (ProcessGroup first = ProcessGroups.join(spec, 1, Device.CPU)) {
      first.abort("rank 1 has lost its device");
    }

    try (ProcessGroup late = ProcessGroups.join(spec, 0, Device.CPU)) {
      assertThat(reason(() -> wait(late, true))).contains("rank 1 has lost its device");
    }
  }

  @Test
  void meeting_inOneJvm_needsNothing() {
    assertThat(ProcessGroups.newMeeting(Transport.MEMORY)).isEmpty();
  }
}
