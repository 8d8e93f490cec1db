package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static io.phalanx.runtime.collective.RankThreads.values;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.JvmId;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The ranks of one JVM, each on a thread of its own. */
final class InMemoryProcessGroupTest {
  private static final AtomicLong EPOCHS = new AtomicLong();

  private final RankThreads threads = new RankThreads();

  @AfterEach
  void stopThreads() {
    threads.close();
  }

  @ParameterizedTest
  @CsvSource({"1, 4", "2, 1", "2, 4096", "2, 40001", "4, 7", "4, 65536", "4, 100003"})
  void allReduce_sumsInRankOrder_onEveryRank(int size, int elements) {
    GroupSpec spec = spec(size, Duration.ofSeconds(30));

    List<float[]> results =
        each(
            spec, group -> values(reduced(group, tensor(i -> element(group.rank(), i), elements))));

    float[] expected = new float[elements];
    for (int i = 0; i < elements; i++) {
      float sum = element(0, i);
      for (int rank = 1; rank < size; rank++) {
        sum += element(rank, i);
      }
      expected[i] = sum;
    }
    assertThat(results).allSatisfy(result -> assertThat(result).containsExactly(expected));
  }

  @Test
  void allReduce_manyTimes_staysInStep() {
    GroupSpec spec = spec(4, Duration.ofSeconds(30));

    List<Float> sums =
        each(
            spec,
            group -> {
              float sum = 0;
              for (int step = 0; step < 500; step++) {
                int own = step + group.rank();
                sum += values(reduced(group, tensor(i -> (float) own, 8)))[7];
              }
              return sum;
            });

    assertThat(sums).containsOnly(4 * (499 * 500 / 2f) + 500 * 6f);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void allGatherColumns_putsTheRanksColumnsSideBySide(int size) {
    GroupSpec spec = spec(size, Duration.ofSeconds(30));

    List<float[]> results =
        each(
            spec,
            group -> values(group.allGatherColumns(tensor(i -> 10f * group.rank() + i, 2, 3))));

    float[] expected = new float[2 * 3 * size];
    for (int row = 0; row < 2; row++) {
      for (int rank = 0; rank < size; rank++) {
        for (int column = 0; column < 3; column++) {
          expected[row * 3 * size + rank * 3 + column] = 10f * rank + row * 3 + column;
        }
      }
    }
    assertThat(results).allSatisfy(result -> assertThat(result).containsExactly(expected));
  }

  @Test
  void send_severalBeforeTheFirstReceive_arriveInOrder() {
    GroupSpec spec = spec(2, Duration.ofSeconds(30));

    List<List<Float>> results =
        each(
            spec,
            group -> {
              Tensor buffer = tensor(i -> 0f, 4, 2);
              if (group.rank() == 0) {
                for (int n = 0; n < 3; n++) {
                  float value = n;
                  group.send(tensor(i -> value, 4, 2), 1);
                }
                return List.of();
              }
              return List.of(
                  received(group, buffer), received(group, buffer), received(group, buffer));
            });

    assertThat(results.get(1)).containsExactly(0f, 1f, 2f);
  }

  @Test
  void abort_whileOthersWait_endsTheirWaits() {
    GroupSpec spec = spec(4, Duration.ofMinutes(5));
    List<ProcessGroup> groups = join(spec);

    List<CompletableFuture<Boolean>> waits =
        threads.start(
            3,
            rank -> {
              groups.get(rank).allReduce(tensor(i -> 1f, 8));
              return true;
            });
    groups.get(3).abort("rank 3 has lost its device");

    assertThat(waits).allSatisfy(wait -> assertFailed(wait, "rank 3 has lost its device"));
    groups.forEach(ProcessGroup::close);
  }

  @Test
  void wait_pastItsDeadline_endsAllWaits() {
    GroupSpec spec = spec(4, Duration.ofMillis(200));
    List<ProcessGroup> groups = join(spec);

    List<CompletableFuture<Boolean>> waits =
        threads.start(
            3,
            rank -> {
              groups.get(rank).allReduce(tensor(i -> 1f, 8));
              return true;
            });

    assertThat(waits).allSatisfy(wait -> assertFailed(wait, "did not come within 200 ms"));
    groups.forEach(ProcessGroup::close);
  }

  @Test
  void receive_pastItsDeadline_fails() {
    List<ProcessGroup> groups = join(spec(2, Duration.ofMillis(200)));

    List<CompletableFuture<Boolean>> waits =
        threads.start(
            1,
            rank -> {
              groups.get(0).receive(tensor(i -> 0f, 2), 1);
              return true;
            });

    assertFailed(waits.get(0), "what rank 1 sends did not come within 200 ms");
    groups.forEach(ProcessGroup::close);
  }

  @Test
  void close_ofOneRank_endsTheWaitsOfTheOthers() {
    List<ProcessGroup> groups = join(spec(2, Duration.ofMinutes(5)));

    List<CompletableFuture<Boolean>> waits =
        threads.start(
            1,
            rank -> {
              groups.get(0).receive(tensor(i -> 0f, 2), 1);
              return true;
            });
    groups.get(1).close();

    assertFailed(waits.get(0), "rank 1 has left");
    groups.get(0).close();
  }

  @Test
  void differentShapes_failOnEveryRank() {
    List<ProcessGroup> groups = join(spec(2, Duration.ofSeconds(5)));

    List<CompletableFuture<Boolean>> waits =
        threads.start(
            2,
            rank -> {
              groups.get(rank).allReduce(tensor(i -> 1f, 4 + rank));
              return true;
            });

    assertThat(waits).allSatisfy(wait -> assertThatThrownBy(wait::join).isNotNull());
    groups.forEach(ProcessGroup::close);
  }

  @Test
  void newEpoch_meetsOnlyItsOwn() {
    GroupSpec old = spec(2, Duration.ofSeconds(30));
    List<ProcessGroup> stale = join(old);
    stale.get(0).abort("a new epoch begins");
    GroupSpec next =
        new GroupSpec(
            old.name(), old.epoch() + 1, old.memberJvmIds(), old.hosts(), "", old.timeout());

    List<float[]> results = each(next, group -> values(reduced(group, tensor(i -> 1f, 4))));

    assertThat(results).allSatisfy(result -> assertThat(result).containsOnly(2f));
    stale.forEach(ProcessGroup::close);
  }

  @Test
  void join_ofAnotherJvmsRank_isRefused() {
    GroupSpec spec =
        new GroupSpec(
            "other",
            1,
            List.of("x", "x"),
            List.of("127.0.0.1", "127.0.0.1"),
            "",
            Duration.ofSeconds(1));

    assertThatThrownBy(() -> ProcessGroups.join(spec, 0, Device.CPU))
        .hasMessageContaining("another JVM");
  }

  private static float received(ProcessGroup group, Tensor buffer) {
    group.receive(buffer, 0);
    return values(buffer)[7];
  }

  private static Tensor reduced(ProcessGroup group, Tensor tensor) {
    group.allReduce(tensor);
    return tensor;
  }

  /** Values whose sum depends on the order in which it is taken. */
  private static float element(int rank, int i) {
    return (rank % 2 == 0 ? 1 : -1) * (1e7f / (rank + 1) + i * 0.37f);
  }

  private <T> List<T> each(GroupSpec spec, Function<ProcessGroup, T> body) {
    List<ProcessGroup> groups = join(spec);
    List<T> results = threads.run(spec.size(), rank -> body.apply(groups.get(rank)));
    groups.forEach(ProcessGroup::close);
    return results;
  }

  private static List<ProcessGroup> join(GroupSpec spec) {
    return IntStream.range(0, spec.size())
        .mapToObj(rank -> ProcessGroups.join(spec, rank, Device.CPU))
        .toList();
  }

  private static GroupSpec spec(int size, Duration timeout) {
    return new GroupSpec(
        "test",
        EPOCHS.addAndGet(2),
        Collections.nCopies(size, JvmId.current()),
        Collections.nCopies(size, "127.0.0.1"),
        "",
        timeout);
  }

  private static void assertFailed(CompletableFuture<Boolean> wait, String reason) {
    assertThatThrownBy(wait::join)
        .cause()
        .isInstanceOfSatisfying(
            ServingException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REPLICA_FAILED))
        .hasMessageContaining(reason);
  }
}
