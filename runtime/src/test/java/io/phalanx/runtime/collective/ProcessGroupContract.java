package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static io.phalanx.runtime.collective.RankThreads.values;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.device.Device;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every kind of process group does; its ranks are threads of this JVM here. */
abstract class ProcessGroupContract extends ProcessGroupFixture {
  @ParameterizedTest
  @CsvSource({
    "1, 4",
    "2, 1",
    "2, 4096",
    "2, 40001",
    "2, 200003",
    "4, 7",
    "4, 8190",
    "4, 65536",
    "4, 100003"
  })
  void allReduce_sumsInRankOrder_onEveryRank(int size, int elements) {
    List<float[]> results = each(size, group -> values(reduced(group, elements)));

    assertThat(results).allMatch(result -> Arrays.equals(result, sum(size, elements)));
  }

  @Test
  void allReduce_ofSomeRows_givesTheBitsOfThoseAmongMany() {
    List<float[]> few = each(2, group -> values(reduced(group, 2 * 128)));
    List<float[]> many = each(2, group -> values(reduced(group, 700 * 128)));

    assertThat(Arrays.copyOf(many.get(1), 2 * 128)).containsExactly(few.get(0));
  }

  @Test
  void allReduce_ofBfloat16_sums() {
    List<float[]> results =
        each(
            2,
            group -> {
              Tensor tensor = tensor(i -> 1.5f * i, 16).to(torch.ScalarType.BFloat16);
              group.allReduce(tensor);
              return values(tensor.to(torch.ScalarType.Float));
            });

    assertThat(results.get(0)).startsWith(0f, 3f, 6f);
    assertThat(results.get(1)).containsExactly(results.get(0));
  }

  @Test
  void allReduce_manyTimesOfAllSizes_staysInStep() {
    int[] sizes = {8, 9000, 3, 70_000, 4096};

    List<Float> sums =
        each(
            4,
            group -> {
              float sum = 0;
              for (int step = 0; step < 200; step++) {
                int own = step + group.rank();
                Tensor tensor = tensor(i -> (float) own, sizes[step % sizes.length]);
                group.allReduce(tensor);
                sum += values(tensor)[2];
                tensor.close();
              }
              return sum;
            });

    assertThat(sums).containsOnly(4 * (199 * 200 / 2f) + 200 * 6f);
  }

  @ParameterizedTest
  @CsvSource({"1, 2, 3", "2, 2, 3", "4, 5, 7", "2, 3, 50001"})
  void allGatherColumns_putsTheRanksColumnsSideBySide(int size, int rows, int columns) {
    List<float[]> results =
        each(
            size,
            group ->
                values(
                    group.allGatherColumns(tensor(i -> 1e6f * group.rank() + i, rows, columns))));

    float[] expected = new float[rows * columns * size];
    for (int row = 0; row < rows; row++) {
      for (int rank = 0; rank < size; rank++) {
        for (int column = 0; column < columns; column++) {
          expected[(row * size + rank) * columns + column] = 1e6f * rank + row * columns + column;
        }
      }
    }
    assertThat(results).allMatch(result -> Arrays.equals(result, expected));
  }

  @ParameterizedTest
  @CsvSource({"30, 64, 64", "5, 1500, 1024"})
  void send_moreThanMayBeUnderWay_allArriveInOrder(int messages, int rows, int columns) {
    int last = rows * columns - 1;

    List<List<Float>> results =
        each(
            2,
            group -> {
              List<Float> received = new ArrayList<>();
              for (int n = 0; n < messages; n++) {
                Tensor tensor = torch.full(new long[] {rows, columns}, new Scalar((float) n));
                if (group.rank() == 0) {
                  group.send(tensor, 1);
                } else {
                  group.receive(tensor.fill_(new Scalar(-1f)), 0);
                  received.add(values(tensor)[last]);
                }
              }
              return received;
            });

    assertThat(results.get(1)).hasSize(messages).isSorted().doesNotHaveDuplicates().startsWith(0f);
  }

  @Test
  void send_twoBeforeTheFirstReceive_doesNotWaitForTheReceiver() {
    CompletableFuture<Void> sent = new CompletableFuture<>();

    List<Float> results =
        each(
            2,
            group -> {
              Tensor tensor = tensor(i -> 7f, 128, 512);
              if (group.rank() == 0) {
                group.send(tensor, 1);
                group.send(tensor, 1);
                sent.complete(null);
                group.receive(tensor, 1);
              } else {
                sent.join();
                group.receive(tensor, 0);
                group.receive(tensor, 0);
                group.send(tensor, 0);
              }
              return values(tensor)[100];
            });

    assertThat(results).containsOnly(7f);
  }

  @Test
  void send_muchToEachOther_endsBeforeEitherReceives() {
    List<float[]> results =
        each(
            2,
            group -> {
              int other = 1 - group.rank();
              Tensor large = tensor(i -> group.rank() + 0.001f * i, 11, 1 << 20);
              Tensor small = tensor(i -> 5f + group.rank(), 3);
              group.send(large, other);
              group.send(small, other);
              group.receive(large, other);
              group.receive(small, other);
              float[] values = values(large);
              return new float[] {values[0], values[values.length - 1], values(small)[2]};
            });

    float last = 0.001f * (11 * (1 << 20) - 1);
    assertThat(results.get(0)).containsExactly(1, 1 + last, 6);
    assertThat(results.get(1)).containsExactly(0, last, 5);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void abort_whileARankWaits_endsItsWait(boolean collective) {
    CompletableFuture<Void> over = new CompletableFuture<>();

    List<String> reasons =
        each(
            2,
            group -> {
              if (group.rank() == 1) {
                over.join();
                return "";
              }
              CompletableFuture<Void> aborting =
                  CompletableFuture.runAsync(() -> group.abort("the test says so"));
              try {
                return reason(() -> wait(group, collective));
              } finally {
                aborting.join();
                over.complete(null);
              }
            });

    assertThat(reasons.get(0)).contains("the test says so");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void wait_pastItsDeadline_fails(boolean collective) {
    CompletableFuture<Void> over = new CompletableFuture<>();

    List<String> reasons =
        each(
            spec(2, Duration.ofMillis(1500)),
            group -> {
              if (group.rank() == 1) {
                over.join();
                return "";
              }
              try {
                return reason(() -> wait(group, collective));
              } finally {
                over.complete(null);
              }
            });

    assertThat(reasons.get(0)).isNotEmpty();
  }

  @Test
  void isWaiting_onlyOfTheRankThatIsAhead() {
    CompletableFuture<ProcessGroup> first = new CompletableFuture<>();
    List<Boolean> waiting =
        each(
            2,
            group -> {
              if (group.rank() == 0) {
                first.complete(group);
                reduced(group, 4);
                return group.isWaiting();
              }
              ProcessGroup ahead = first.join();
              while (!ahead.isWaiting()) {
                Thread.onSpinWait();
              }
              boolean own = group.isWaiting();
              reduced(group, 4);
              return own;
            });

    assertThat(waiting).containsOnly(false);
  }

  @Test
  void newEpoch_meetsOnlyItsOwn() {
    GroupSpec old = spec(2, LONG);
    GroupSpec next =
        new GroupSpec(
            old.name(),
            old.epoch() + 1,
            old.members(),
            old.transport(),
            ProcessGroups.newMeeting(transport()),
            old.timeout());

    List<float[]> results =
        each(
            old,
            stale -> {
              stale.abort("a new epoch begins");
              try (ProcessGroup group = ProcessGroups.join(next, stale.rank(), Device.CPU)) {
                return values(reduced(group, 4));
              }
            });

    assertThat(results).allMatch(result -> Arrays.equals(result, sum(2, 4)));
  }
}
