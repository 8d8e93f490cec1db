package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static io.phalanx.runtime.collective.RankThreads.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks that talk by gloo: threads here, and child JVMs on other loopback addresses. */
final class GlooProcessGroupTest {

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void allReduce_sumsInRankOrder_asInMemory(int size) {
    List<float[]> results =
        each(
            spec(size, Duration.ofSeconds(60)),
            group -> {
              Tensor tensor = tensor(i -> GlooPeer.element(group.rank(), i), 1000);
              group.allReduce(tensor);
              return values(tensor);
            });

    float[] expected = new float[1000];
    for (int i = 0; i < expected.length; i++) {
      float sum = GlooPeer.element(0, i);
      for (int rank = 1; rank < size; rank++) {
        sum += GlooPeer.element(rank, i);
      }
      expected[i] = sum;
    }
    assertThat(results).allSatisfy(result -> assertThat(result).containsExactly(expected));
  }

  @Test
  void allReduce_ofBfloat16_sums() {
    List<float[]> results =
        each(
            spec(2, Duration.ofSeconds(60)),
            group -> {
              Tensor tensor = tensor(i -> 1.5f * i, 16).to(torch.ScalarType.BFloat16);
              group.allReduce(tensor);
              return values(tensor.to(torch.ScalarType.Float));
            });

    assertThat(results.get(0)).startsWith(0f, 3f, 6f);
    assertThat(results.get(1)).containsExactly(results.get(0));
  }

  @Test
  void allGatherColumns_putsTheRanksColumnsSideBySide() {
    List<float[]> results =
        each(
            spec(2, Duration.ofSeconds(60)),
            group -> values(group.allGatherColumns(tensor(i -> 10f * group.rank() + i, 2, 2))));

    assertThat(results)
        .allSatisfy(result -> assertThat(result).containsExactly(0, 1, 10, 11, 2, 3, 12, 13));
  }

  @Test
  void send_moreThanMayBeUnderWay_allArriveInOrder() {
    List<Float> results =
        each(
            spec(2, Duration.ofSeconds(60)),
            group -> {
              float sum = 0;
              for (int n = 0; n < 30; n++) {
                float value = n;
                Tensor tensor = tensor(i -> value, 64, 64);
                if (group.rank() == 0) {
                  group.send(tensor, 1);
                } else {
                  group.receive(tensor, 0);
                  sum += values(tensor)[4095] * (n + 1);
                }
              }
              return sum;
            });

    assertThat(results.get(1)).isEqualTo(8990f);
  }

  @Test
  void rendezvousFile_isPrivateAndGoneAfterAllHaveJoined() throws IOException {
    GroupSpec spec = spec(2, Duration.ofSeconds(60));
    Path directory = Path.of(spec.storePath()).getParent();
    String permissions = PosixFilePermissions.toString(Files.getPosixFilePermissions(directory));

    List<Boolean> left = each(spec, group -> Files.exists(directory) && group.rank() == 0);

    assertThat(permissions).isEqualTo("rwx------");
    assertThat(left).containsOnly(false);
    assertThat(directory).doesNotExist();
  }

  @Test
  void join_withoutTheOthers_failsWithinTheTimeout() {
    GroupSpec spec = spec(2, Duration.ofSeconds(1));

    assertThatThrownBy(() -> GlooProcessGroup.join(spec, 0))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REPLICA_FAILED))
        .hasMessageContaining("not all 2 ranks met within 1000 ms");
    assertThat(Path.of(spec.storePath()).getParent()).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void abort_whileARankWaits_endsItsWait(boolean collective) {
    CountDownLatch waiting = new CountDownLatch(1);
    GroupSpec spec = spec(2, Duration.ofMinutes(5));

    List<String> results =
        each(
            spec,
            group -> {
              if (group.rank() == 1) {
                awaitQuietly(waiting);
                return "";
              }
              CompletableFuture<Void> aborting =
                  CompletableFuture.runAsync(() -> group.abort("the test says so"));
              try {
                Tensor tensor = tensor(i -> 0f, 8);
                if (collective) {
                  group.allReduce(tensor);
                } else {
                  group.receive(tensor, 1);
                }
                return "no error";
              } catch (ServingException e) {
                return e.reason();
              } finally {
                aborting.join();
                waiting.countDown();
              }
            });

    assertThat(results.get(0)).contains("the test says so");
  }

  @Test
  void twoJvms_onOtherLoopbackAddresses_agreeAndListenOnLoopbackOnly() throws IOException {
    Path store = ProcessGroups.newStorePath();
    try (Peer zero = Peer.start(0, store, Duration.ofSeconds(60));
        Peer one = Peer.start(1, store, Duration.ofSeconds(60))) {
      // the kernel shows 127.0.0.2 as 0200007F
      assertThat(zero.answer()).matches("joined( 0200007F)+");
      assertThat(one.answer()).matches("joined( 0300007F)+");

      zero.tell("sum");
      one.tell("sum");
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo(expectedSum());

      zero.tell("gather");
      one.tell("gather");
      assertThat(zero.answer()).isEqualTo(one.answer());

      zero.tell("send");
      one.tell("receive");
      assertThat(zero.answer()).isEqualTo("sent");
      assertThat(one.answer())
          .isEqualTo(GlooPeer.hash(tensor(i -> GlooPeer.element(0, i), 64, 64)));

      zero.tell("end");
      one.tell("end");
      assertThat(zero.answer()).isEqualTo(one.answer()).isEqualTo("ended");
    }
    assertThat(store.getParent()).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"sum", "receive"})
  void killedPeer_endsTheSurvivorsWait(String operation) throws IOException {
    Path store = ProcessGroups.newStorePath();
    try (Peer zero = Peer.start(0, store, Duration.ofSeconds(60));
        Peer one = Peer.start(1, store, Duration.ofSeconds(60))) {
      assertThat(zero.answer()).startsWith("joined");
      assertThat(one.answer()).startsWith("joined");

      zero.tell(operation);
      one.kill();

      assertThat(zero.answer()).startsWith("failed REPLICA_FAILED");
      zero.tell("end");
      assertThat(zero.answer()).isEqualTo("ended");
    }
  }

  private static String expectedSum() {
    return GlooPeer.hash(tensor(i -> GlooPeer.element(0, i) + GlooPeer.element(1, i), 1000));
  }

  private static <T> List<T> each(GroupSpec spec, Function<ProcessGroup, T> body) {
    try (RankThreads threads = new RankThreads()) {
      return threads.run(
          spec.size(),
          rank -> {
            try (ProcessGroup group = GlooProcessGroup.join(spec, rank)) {
              return body.apply(group);
            }
          });
    }
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static GroupSpec spec(int size, Duration timeout) {
    return new GroupSpec(
        "gloo",
        1,
        Collections.nCopies(size, "jvm"),
        Collections.nCopies(size, "127.0.0.1"),
        ProcessGroups.newStorePath().toString(),
        timeout);
  }

  /** A child JVM that runs {@link GlooPeer}. */
  private record Peer(Process process, BufferedReader output, Writer input)
      implements AutoCloseable {

    static Peer start(int rank, Path store, Duration timeout) throws IOException {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx128m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  GlooPeer.class.getName(),
                  Integer.toString(rank),
                  store.toString(),
                  Long.toString(timeout.toMillis()))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      return new Peer(
          process,
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)),
          process.outputWriter(StandardCharsets.UTF_8));
    }

    void tell(String command) throws IOException {
      input.write(command + "\n");
      input.flush();
    }

    /** Returns the peer's next line, past what gloo itself prints. */
    String answer() {
      try {
        String line = output.readLine();
        while (line != null && line.startsWith("[Gloo]")) {
          line = output.readLine();
        }
        return String.valueOf(line);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void kill() {
      process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
      kill();
    }
  }
}
