package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks in child JVMs, whose nodes have other loopback addresses. */
final class SeveralJvmsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  @ParameterizedTest
  @EnumSource(names = {"MAPPED_FILE", "GLOO"})
  void twoJvms_agreeAndLeaveNothingBehind(Transport transport) throws IOException {
    String meeting = ProcessGroups.newMeeting(transport);
    List<PeerProcess> peers = PeerProcess.startTwo(transport, meeting, TIMEOUT);
    try (PeerProcess zero = peers.get(0);
        PeerProcess one = peers.get(1)) {
      assertThat(zero.answer()).startsWith("joined");
      assertThat(one.answer()).startsWith("joined");
      assertThat(files(meeting)).isEmpty();

      zero.tell("sum");
      one.tell("sum");
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo(expectedSum());

      zero.tell("gather");
      one.tell("gather");
      assertThat(zero.answer()).isEqualTo(one.answer());

      zero.tell("send");
      assertThat(zero.answer()).isEqualTo("sent");
      one.tell("receive");
      assertThat(one.answer())
          .isEqualTo(RankPeer.hash(tensor(i -> RankPeer.element(0, i), 64, 64)));

      zero.tell("end");
      one.tell("end");
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo("ended");
    }
  }

  @Test
  void gloo_listensOnTheNodesLoopbackAddressOnly() throws IOException {
    List<PeerProcess> peers =
        PeerProcess.startTwo(Transport.GLOO, ProcessGroups.newMeeting(Transport.GLOO), TIMEOUT);
    try (PeerProcess zero = peers.get(0);
        PeerProcess one = peers.get(1)) {
      // the kernel shows 127.0.0.2 as 0200007F
      assertThat(zero.answer()).matches("joined( 0200007F)+");
      assertThat(one.answer()).matches("joined( 0300007F)+");
    }
  }

  @Test
  void mappedFile_listensNowhere() throws IOException {
    Transport transport = Transport.MAPPED_FILE;
    List<PeerProcess> peers =
        PeerProcess.startTwo(transport, ProcessGroups.newMeeting(transport), TIMEOUT);
    try (PeerProcess zero = peers.get(0);
        PeerProcess one = peers.get(1)) {
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo("joined");
    }
  }

  @ParameterizedTest
  @CsvSource({"MAPPED_FILE, sum", "MAPPED_FILE, receive", "GLOO, sum", "GLOO, receive"})
  void killedPeer_endsTheSurvivorsWait(Transport transport, String operation) throws IOException {
    String meeting = ProcessGroups.newMeeting(transport);
    List<PeerProcess> peers = PeerProcess.startTwo(transport, meeting, TIMEOUT);
    try (PeerProcess zero = peers.get(0);
        PeerProcess one = peers.get(1)) {
      assertThat(zero.answer()).startsWith("joined");
      assertThat(one.answer()).startsWith("joined");

      zero.tell(operation);
      one.kill();

      assertThat(zero.answer()).startsWith("failed REPLICA_FAILED");
      zero.tell("end");
      assertThat(zero.answer()).isEqualTo("ended");
    }
    assertThat(files(meeting)).isEmpty();
  }

  @Test
  void mappedFile_peerKilledBetweenItsSums_isNamed() throws IOException {
    String meeting = ProcessGroups.newMeeting(Transport.MAPPED_FILE);
    List<PeerProcess> peers = PeerProcess.startTwo(Transport.MAPPED_FILE, meeting, TIMEOUT);
    try (PeerProcess zero = peers.get(0);
        PeerProcess one = peers.get(1)) {
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo("joined");
      zero.tell("sum for ever");
      one.tell("sum for ever");
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo("summing");

      one.kill();

      assertThat(zero.answer())
          .startsWith("failed REPLICA_FAILED")
          .contains("the process of rank 1, " + one.process().pid() + ", has ended");
    }
    assertThat(files(meeting)).isEmpty();
  }

  private static String expectedSum() {
    return RankPeer.hash(tensor(i -> RankPeer.element(0, i) + RankPeer.element(1, i), 1000));
  }

  /** Returns what is left of the group's files. */
  private static List<Path> files(String meeting) throws IOException {
    try (Stream<Path> mapped = Files.list(SharedMemoryDirectory.current())) {
      return Stream.concat(mapped.filter(p -> p.toString().endsWith(meeting)), storeFiles(meeting))
          .toList();
    }
  }

  private static Stream<Path> storeFiles(String meeting) {
    return meeting.startsWith("/")
        ? Stream.of(Path.of(meeting)).filter(Files::exists)
        : Stream.of();
  }
}
