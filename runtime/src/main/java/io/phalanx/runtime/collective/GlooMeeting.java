package io.phalanx.runtime.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.LockSupport;

/**
 * How ranks wait for each other before gloo connects them, since nobody can end the wait in gloo's
 * own meeting: each writes a byte at its place of a file beside the store, and goes on when all
 * have. Rank 0 removes the file when it has connected or given up, and so does whoever discards the
 * meeting; those who still wait then give up too.
 */
final class GlooMeeting {
  private static final byte HERE = 1;
  private static final long PAUSE_NANOS = 2_000_000;

  private GlooMeeting() {}

  /**
   * Returns when all ranks have come.
   *
   * @throws io.phalanx.runtime.error.ServingException {@code REPLICA_FAILED} if they have not
   *     within the group's timeout, if the meeting is given up, if this thread is interrupted, or
   *     if the file cannot be used
   */
  static void awaitAll(GroupSpec spec, int rank) {
    Path arrivals = StoreDirectory.arrivals(Path.of(spec.meeting()));
    try {
      arrive(arrivals, rank);
      awaitOthers(spec, rank, arrivals);
    } catch (NoSuchFileException gone) {
      throw Ranks.notMet(spec, rank, "the meeting was given up", gone);
    } catch (ClosedByInterruptException interrupted) {
      throw Ranks.notMet(spec, rank, "interrupted while waiting for the others", interrupted);
    } catch (IOException e) {
      throw Ranks.notMet(spec, rank, "[" + arrivals + "]: " + e, e);
    }
  }

  private static void arrive(Path arrivals, int rank) throws IOException {
    try (FileChannel file = FileChannel.open(arrivals, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {HERE}), rank);
    }
  }

  private static void awaitOthers(GroupSpec spec, int rank, Path arrivals) throws IOException {
    long deadline = System.nanoTime() + spec.timeout().toNanos();
    while (!allAreHere(Files.readAllBytes(arrivals), spec.size())) {
      if (Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
      if (System.nanoTime() > deadline) {
        throw Ranks.notMet(spec, rank, "the others were waited for", null);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static boolean allAreHere(byte[] arrivals, int size) {
    int here = 0;
    for (byte arrival : arrivals) {
      here += arrival;
    }
    return here == size;
  }
}
