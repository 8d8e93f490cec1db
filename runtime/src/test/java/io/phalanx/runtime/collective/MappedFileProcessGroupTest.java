package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.device.Device;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks that have mapped the same file. */
final class MappedFileProcessGroupTest extends SharedMemoryContract {

  @Override
  Transport transport() {
    return Transport.MAPPED_FILE;
  }

  @Test
  void file_isGoneAfterAllHaveJoined() {
    GroupSpec spec = spec(2, Duration.ofSeconds(60));

    List<List<Path>> left = each(spec, group -> group.rank() == 0 ? files(spec) : List.of());

    assertThat(left).containsOnly(List.of());
  }

  @Test
  void file_belongsToThisUserAlone(@TempDir Path directory) throws IOException {
    Path path = directory.resolve("group");

    GroupFile.create(path, spec(2, Duration.ofSeconds(1))).close();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
  }

  @Test
  void file_ofAnotherEpoch_isRefused(@TempDir Path directory) throws IOException {
    Path path = directory.resolve("group");
    GroupFile.create(path, spec(2, Duration.ofSeconds(1))).close();

    assertThatThrownBy(() -> GroupFile.open(path, spec(2, Duration.ofSeconds(1))))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the file is of epoch");
  }

  @Test
  void join_withoutTheOthers_failsWithinTheTimeoutAndLeavesNothing() {
    GroupSpec spec = spec(2, Duration.ofSeconds(1));

    String reason = reason(() -> ProcessGroups.join(spec, 0, Device.CPU));

    assertThat(reason).contains("all ranks in the meeting did not come within 1000 ms");
    assertThat(files(spec)).isEmpty();
  }

  @Test
  void join_whileAnotherRankGivesUp_endsWithItsReason() {
    GroupSpec spec = spec(3, Duration.ofMinutes(5));

    List<String> reasons =
        reasonsBeside(
            spec,
            file -> {
              file.join(1, RankProcess.current());
              file.fail(1, "rank 1 has lost its device");
              return "";
            });

    assertThat(reasons.get(0)).contains("rank 1 has lost its device");
    assertThat(files(spec)).isEmpty();
  }

  @Test
  void join_interrupted_givesUpForTheOthersToo() {
    GroupSpec spec = spec(3, Duration.ofMinutes(5));

    List<String> reasons =
        reasonsBeside(
            spec,
            file -> {
              Thread.currentThread().interrupt();
              String reason = reason(() -> awaitOthers(spec, 1, file));
              Thread.interrupted();
              return reason;
            });

    assertThat(reasons).allMatch(reason -> reason.contains("interrupted while waiting"));
  }

  @Test
  void join_afterTheCreatorsProcessHasEnded_doesNotWaitForItsFile() {
    GroupMember ended = new GroupMember("999999999-dead", MachineId.current(), "127.0.0.1");
    GroupSpec spec =
        new GroupSpec(
            "test",
            1,
            List.of(ended, GroupMember.here("127.0.0.1")),
            Transport.MAPPED_FILE,
            ProcessGroups.newMeeting(Transport.MAPPED_FILE),
            Duration.ofMinutes(5));

    assertThat(reason(() -> ProcessGroups.join(spec, 1, Device.CPU)))
        .contains("the process of rank 0 has ended");
  }

  @Test
  void join_removesWhatAKilledProcessLeft() throws IOException {
    Path abandoned = SharedMemoryDirectory.current().resolve("phalanx-group-999999999-dead-token");
    Files.createFile(abandoned);

    each(1, ProcessGroup::size);

    assertThat(abandoned).doesNotExist();
  }

  @Test
  void receive_ofAnotherShape_isAnError() {
    List<String> reasons =
        each(
            2,
            group -> {
              if (group.rank() == 0) {
                group.send(tensor(i -> 1f, 4), 1);
                return reason(() -> group.receive(tensor(i -> 1f, 4), 1));
              }
              return reason(() -> group.receive(tensor(i -> 1f, 5), 0));
            });

    assertThat(reasons).allMatch(r -> r.contains("5 of Float in send is received, but 4 of Float"));
  }

  /** Returns why rank 0 cannot join, and what rank 1 says that does this with the file. */
  private List<String> reasonsBeside(GroupSpec spec, Function<GroupFile, String> rankOne) {
    return threads()
        .run(
            2,
            rank ->
                rank == 0
                    ? reason(() -> ProcessGroups.join(spec, 0, Device.CPU))
                    : rankOne.apply(open(spec)));
  }

  /** Opens the file of a group as soon as rank 0 has created it. */
  private static GroupFile open(GroupSpec spec) {
    try {
      while (true) {
        List<Path> created = files(spec);
        GroupFile file = created.isEmpty() ? null : GroupFile.open(created.get(0), spec);
        if (file != null) {
          return file;
        }
        Thread.onSpinWait();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void awaitOthers(GroupSpec spec, int rank, GroupFile file) {
    try {
      GroupFileMeeting.awaitOthers(spec, rank, file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> files(GroupSpec spec) {
    try (Stream<Path> all = Files.list(SharedMemoryDirectory.current())) {
      return all.filter(path -> path.toString().endsWith(spec.meeting())).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
