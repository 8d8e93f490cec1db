package io.phalanx.runtime.collective;

import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * What every member of a process group must know in order to join it, rank by rank.
 *
 * @param name names the group in the cluster, such as {@code llama/1/0-tp0}
 * @param epoch grows each time the group is formed anew; members of different epochs never meet
 * @param memberJvmIds the {@link io.phalanx.runtime.JvmId} of each rank
 * @param hosts the loopback address of each rank's node, such as {@code 127.0.0.1}
 * @param storePath the file through which ranks of several JVMs find each other, the same on all;
 *     empty if all ranks are in one JVM
 * @param timeout how long one operation may wait for the others
 */
public record GroupSpec(
    String name,
    long epoch,
    List<String> memberJvmIds,
    List<String> hosts,
    String storePath,
    Duration timeout)
    implements WireMessage {

  /** Checks that the lists fit together. */
  public GroupSpec {
    memberJvmIds = List.copyOf(memberJvmIds);
    hosts = List.copyOf(hosts);
    if (memberJvmIds.isEmpty() || memberJvmIds.size() != hosts.size()) {
      throw new IllegalArgumentException(
          "group [" + name + "] has JVMs " + memberJvmIds + " and hosts " + hosts);
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout [" + timeout + "] must be positive");
    }
  }

  /** Returns how many ranks the group has. */
  public int size() {
    return memberJvmIds.size();
  }

  /** Returns whether all ranks are in one JVM, and so share memory. */
  public boolean inOneJvm() {
    return Set.copyOf(memberJvmIds).size() == 1;
  }
}
