package io.phalanx.runtime.collective;

import io.phalanx.runtime.JvmId;
import io.phalanx.runtime.serialization.WireMessage;

/**
 * Where one rank of a process group runs.
 *
 * @param jvmId its {@link JvmId}
 * @param machineId its {@link MachineId}
 * @param host the loopback address of its node, such as {@code 127.0.0.1}
 */
public record GroupMember(String jvmId, String machineId, String host) implements WireMessage {

  /** Returns a member in this JVM, whose node has this address. */
  public static GroupMember here(String host) {
    return new GroupMember(JvmId.current(), MachineId.current(), host);
  }
}
