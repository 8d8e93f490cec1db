package io.phalanx.runtime.collective;

import io.phalanx.runtime.device.Device;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Tensor;

/**
 * Measures an all-reduce of float32 between two ranks: threads of this JVM, and child JVMs by each
 * way. Prints for each size the median and the 90th percentile, as rank 0 sees them.
 */
public final class CollectiveBenchmark {
  /** 8 KB, 64 KB and 8 MB. */
  private static final int[] ELEMENTS = {2048, 16_384, 2_097_152};

  private static final int ROUNDS = 3;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private CollectiveBenchmark() {}

  /** Prints a line for each transport and size; takes no arguments. */
  public static void main(String[] arguments) throws IOException {
    inOneJvm();
    inTwoJvms(Transport.MAPPED_FILE);
    inTwoJvms(Transport.GLOO);
    System.exit(0);
  }

  private static void inOneJvm() {
    GroupSpec spec =
        new GroupSpec(
            "bench",
            1,
            Collections.nCopies(2, GroupMember.here("127.0.0.1")),
            Transport.MEMORY,
            "",
            TIMEOUT);
    try (RankThreads threads = new RankThreads()) {
      threads.run(2, rank -> timeAll(ProcessGroups.join(spec, rank, Device.CPU)));
    }
  }

  private static boolean timeAll(ProcessGroup group) {
    for (int elements : ELEMENTS) {
      String times = time(group, elements);
      if (group.rank() == 0) {
        print(Transport.MEMORY, elements, times);
      }
    }
    return true;
  }

  private static void inTwoJvms(Transport transport) throws IOException {
    List<PeerProcess> peers =
        PeerProcess.startTwo(transport, ProcessGroups.newMeeting(transport), TIMEOUT);
    try (PeerProcess zero = peers.get(0);
        PeerProcess one = peers.get(1)) {
      zero.answer();
      one.answer();
      for (int elements : ELEMENTS) {
        one.tell("time " + elements);
        zero.tell("time " + elements);
        one.answer();
        print(transport, elements, zero.answer());
      }
    }
  }

  /** Returns how long an all-reduce takes, once it is compiled. */
  static String time(ProcessGroup group, int elements) {
    Tensor tensor = RankThreads.tensor(i -> 0f, elements);
    int count = Math.max(50, Math.min(4000, 100_000_000 / elements));
    long[] nanos = new long[count];
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < count; i++) {
        long start = System.nanoTime();
        group.allReduce(tensor);
        nanos[i] = System.nanoTime() - start;
      }
    }
    Arrays.sort(nanos);
    return String.format(
        Locale.ROOT,
        "%9.1f us median %9.1f us p90",
        nanos[count / 2] / 1e3,
        nanos[count * 9 / 10] / 1e3);
  }

  private static void print(Transport transport, int elements, String times) {
    System.out.printf("%-11s %7d KB %s%n", transport, elements * 4 / 1024, times);
  }
}
