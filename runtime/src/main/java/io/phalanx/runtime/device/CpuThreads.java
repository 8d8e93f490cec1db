package io.phalanx.runtime.device;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Who computes on the processors of a machine, and with how many threads each: ranks of the same
 * JVM, of whichever replica and logical node, share what the JVM may use.
 *
 * <p>A rank keeps the number that it starts with, since its kernels set their threads up once.
 * Where several JVMs of a machine serve different replicas, only their configuration can say what
 * each may use.
 */
public final class CpuThreads {
  private static final CpuThreads OF_JVM = new CpuThreads();

  private final Map<String, Holder> holders = new HashMap<>();

  /**
   * A replica's ranks in this JVM.
   *
   * @param ranks that it has or will have
   * @param leases that are open
   */
  private record Holder(int ranks, int leases) {}

  CpuThreads() {}

  /** Returns who computes in this JVM. */
  public static CpuThreads ofJvm() {
    return OF_JVM;
  }

  /**
   * Counts a rank in, until the lease is closed.
   *
   * @param replica the rank's replica
   * @param ranksInJvm ranks that the replica has in this JVM, all counted by its first lease
   */
  public synchronized Lease lease(String replica, int ranksInJvm) {
    holders.merge(
        replica,
        new Holder(ranksInJvm, 1),
        (old, one) -> new Holder(Math.max(old.ranks(), ranksInJvm), old.leases() + 1));
    return new Lease(replica, ranks());
  }

  /**
   * Returns with how many threads each rank computes, at least 1.
   *
   * @param configured threads that the ranks of this JVM may use together; empty: all processors
   * @param processors of the machine
   * @param ranksInJvm of all replicas
   * @param ranksOnMachine of the rank's replica, in all JVMs; they share the processors unless
   *     {@code configured} says what this JVM's part is
   */
  public static int perRank(
      Optional<Integer> configured, int processors, int ranksInJvm, int ranksOnMachine) {
    int ranks = configured.isPresent() ? ranksInJvm : Math.max(ranksInJvm, ranksOnMachine);
    return Math.max(1, configured.orElse(processors) / Math.max(1, ranks));
  }

  synchronized int ranks() {
    return holders.values().stream().mapToInt(Holder::ranks).sum();
  }

  private synchronized void giveBack(String replica) {
    holders.computeIfPresent(
        replica,
        (name, held) -> held.leases() == 1 ? null : new Holder(held.ranks(), held.leases() - 1));
  }

  /** A rank's place among those that compute in this JVM. */
  public final class Lease implements AutoCloseable {
    private final String replica;
    private final int ranksInJvm;
    private boolean closed;

    private Lease(String replica, int ranksInJvm) {
      this.replica = replica;
      this.ranksInJvm = ranksInJvm;
    }

    /** Returns how many ranks of all replicas were in this JVM when this one came. */
    public int ranksInJvm() {
      return ranksInJvm;
    }

    /** Counts the rank out; more than once is the same as once. */
    @Override
    public void close() {
      if (!closed) {
        closed = true;
        giveBack(replica);
      }
    }
  }
}
