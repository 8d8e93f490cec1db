package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;

/** What tests of process groups share: ranks that are threads of this JVM, and sums to expect. */
abstract class ProcessGroupFixture {
  private static final AtomicLong EPOCHS = new AtomicLong();
  static final Duration LONG = Duration.ofSeconds(60);

  private final RankThreads threads = new RankThreads();

  abstract Transport transport();

  RankThreads threads() {
    return threads;
  }

  @AfterEach
  void stopThreads() {
    threads.close();
  }

  /** Waits for what never comes. */
  static void wait(ProcessGroup group, boolean collective) {
    Tensor tensor = tensor(i -> 0f, 8);
    if (collective) {
      group.allReduce(tensor);
    } else {
      group.receive(tensor, 1 - group.rank());
    }
  }

  /** Returns why {@code action} ended. */
  static String reason(Runnable action) {
    List<String> reasons = new ArrayList<>();
    assertThatThrownBy(action::run)
        .isInstanceOfSatisfying(
            ServingException.class,
            failure -> {
              assertThat(failure.code()).isEqualTo(ErrorCode.REPLICA_FAILED);
              reasons.add(failure.reason());
            });
    return reasons.get(0);
  }

  static Tensor reduced(ProcessGroup group, int elements) {
    Tensor tensor = tensor(i -> RankPeer.element(group.rank(), i), elements);
    group.allReduce(tensor);
    return tensor;
  }

  /** Returns the sum over the ranks in their order, on which it depends. */
  static float[] sum(int size, int elements) {
    float[] expected = new float[elements];
    for (int i = 0; i < elements; i++) {
      float sum = RankPeer.element(0, i);
      for (int rank = 1; rank < size; rank++) {
        sum += RankPeer.element(rank, i);
      }
      expected[i] = sum;
    }
    return expected;
  }

  <T> List<T> each(int size, Function<ProcessGroup, T> body) {
    return each(spec(size, LONG), body);
  }

  <T> List<T> each(GroupSpec spec, Function<ProcessGroup, T> body) {
    return threads.run(
        spec.size(),
        rank -> {
          try (ProcessGroup group = ProcessGroups.join(spec, rank, Device.CPU)) {
            return body.apply(group);
          }
        });
  }

  /** Lets rank 0 wait while {@code other} is done to the group as rank 1 has it. */
  String reasonAfter(Consumer<ProcessGroup> other) {
    return each(
            2,
            group -> {
              if (group.rank() == 1) {
                other.accept(group);
                return "";
              }
              return reason(() -> wait(group, true));
            })
        .get(0);
  }

  GroupSpec spec(int size, Duration timeout) {
    return new GroupSpec(
        "test",
        EPOCHS.addAndGet(2),
        Collections.nCopies(size, GroupMember.here("127.0.0.1")),
        transport(),
        ProcessGroups.newMeeting(transport()),
        timeout);
  }
}
