package io.phalanx.runtime.collective;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.device.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Ranks that talk by gloo. */
final class GlooProcessGroupTest extends ProcessGroupContract {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

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

  @Test
  void join_interruptedWhileItWaits_givesUpAndSoDoesTheOther() {
    GroupSpec spec = spec(3, PATIENCE);
    CompletableFuture<Thread> waiting = new CompletableFuture<>();

    List<CompletableFuture<String>> reasons =
        threads()
            .start(
                2,
                rank -> {
                  if (rank == 0) {
                    waiting.complete(Thread.currentThread());
                  }
                  return reason(() -> ProcessGroups.join(spec, rank, Device.CPU));
                });
    awaitArrivals(spec, 2);
    waiting.join().interrupt();

    assertThat(reasons.get(0).join()).contains("interrupted while waiting for the others");
    assertThat(reasons.get(1).join()).contains("the meeting was given up");
    assertThat(Path.of(spec.meeting()).getParent()).doesNotExist();
  }

  @Test
  void join_afterRankZeroHasGivenUp_doesNotWait() {
    GroupSpec spec = spec(2, PATIENCE);
    ProcessGroups.discardMeeting(spec);

    assertThat(reason(() -> ProcessGroups.join(spec, 1, Device.CPU)))
        .contains("the meeting was given up");
  }

  /** Waits until ranks 0 to {@code ranks - 1} have come to the meeting. */
  private static void awaitArrivals(GroupSpec spec, int ranks) {
    byte[] all = new byte[ranks];
    Arrays.fill(all, (byte) 1);
    try {
      while (!Arrays.equals(
          Files.readAllBytes(StoreDirectory.arrivals(Path.of(spec.meeting()))), all)) {
        Thread.onSpinWait();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
