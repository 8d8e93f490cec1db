package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;

/** By which way the ranks of a process group exchange tensors. */
public enum Transport {
  /** Within one JVM. */
  MEMORY,
  /** A file that several JVMs of one machine have mapped. */
  MAPPED_FILE,
  /** LibTorch's gloo, over sockets. */
  GLOO;

  /** What {@code phalanx.runtime.collective.transport} may say. Ranks in one JVM share memory. */
  public enum Choice {
    /** A mapped file on one machine, otherwise gloo. */
    AUTO,
    /** A mapped file, or an error if there are several machines. */
    SHARED_MEMORY,
    /** Gloo even on one machine. */
    GLOO
  }

  /**
   * Returns the way for these members.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} if the choice does not allow any
   */
  public static Transport of(Choice choice, List<GroupMember> members) {
    if (members.stream().map(GroupMember::jvmId).distinct().count() == 1) {
      return MEMORY;
    }
    boolean oneMachine = members.stream().map(GroupMember::machineId).distinct().count() == 1;
    if (choice == Choice.SHARED_MEMORY && !oneMachine) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "phalanx.runtime.collective.transport is shared-memory, but the ranks at "
              + members.stream().map(GroupMember::host).toList()
              + " are not on one machine; set auto or gloo");
    }
    return choice != Choice.GLOO && oneMachine ? MAPPED_FILE : GLOO;
  }
}
