package io.phalanx.runtime.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.device.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranks that talk by gloo. */
final class GlooProcessGroupTest extends ProcessGroupContract {

  @Override
  Transport transport() {
    return Transport.GLOO;
  }

  @Test
  void rendezvousFile_isPrivateAndGoneAfterAllHaveJoined() throws IOException {
    GroupSpec spec = spec(2, Duration.ofSeconds(60));
    Path directory = Path.of(spec.meeting()).getParent();
    String permissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));

    List<Boolean> left = each(spec, group -> Files.exists(directory) && group.rank() == 0);

    assertThat(permissions).isEqualTo("rwx------");
    assertThat(left).containsOnly(false);
    assertThat(directory).doesNotExist();
  }

  @Test
  void discardMeeting_removesTheFilesOfAGroupThatNeverMet() {
    GroupSpec spec = spec(2, Duration.ofSeconds(1));

    ProcessGroups.discardMeeting(spec);

    assertThat(Path.of(spec.meeting()).getParent()).doesNotExist();
  }

  @Test
  void join_withoutTheOthers_failsWithinTheTimeout() {
    GroupSpec spec = spec(2, Duration.ofSeconds(1));

    String reason = reason(() -> ProcessGroups.join(spec, 0, Device.CPU));

    assertThat(reason).contains("not all 2 ranks met within 1000 ms");
    assertThat(Path.of(spec.meeting()).getParent()).doesNotExist();
  }
}
