package io.phalanx.runtime.collective;

import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.List;

/**
 * What every member of a process group must know in order to join it.
 *
 * @param name names the group in the cluster, such as {@code llama/1/0-tp0}
 * @param epoch grows each time the group is formed anew; members of different epochs never meet
 * @param members where each rank runs, rank by rank
 * @param transport how the ranks exchange tensors
 * @param meeting how ranks of several JVMs find each other, the same on all, see {@link
 *     ProcessGroups#newMeeting}; empty if all ranks are in one JVM
 * @param timeout how long one operation may wait for the others
 */
public record GroupSpec(
    String name,
    long epoch,
    List<GroupMember> members,
    Transport transport,
    String meeting,
    Duration timeout)
    implements WireMessage {

  /** Checks what does not depend on where it is read. */
  public GroupSpec {
    members = List.copyOf(members);
    if (members.isEmpty()) {
      throw new IllegalArgumentException("group [" + name + "] has no members");
    }
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("timeout [" + timeout + "] must be positive");
    }
  }

  /** Returns how many ranks the group has. */
  public int size() {
    return members.size();
  }

  /** Returns the name that no other forming of a group has. */
  String key() {
    return name + "#" + epoch;
  }
}
