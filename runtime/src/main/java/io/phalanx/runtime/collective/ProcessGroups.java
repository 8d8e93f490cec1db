package io.phalanx.runtime.collective;

import io.phalanx.runtime.JvmId;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.NativeRuntime;
import java.nio.file.Path;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where ranks join their process group, by whichever way their JVMs allow. */
public final class ProcessGroups {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessGroups.class);

  private ProcessGroups() {}

  /**
   * Joins the group as {@code rank} by the group's transport. If its ranks are in several JVMs it
   * waits, up to the group's timeout, for all the others.
   *
   * @param device where the rank's tensors are; between JVMs those on a CUDA device go through the
   *     CPU
   * @throws io.phalanx.runtime.error.ServingException {@code REPLICA_FAILED} if the others do not
   *     come in time
   */
  public static ProcessGroup join(GroupSpec spec, int rank, Device device) {
    if (rank < 0 || rank >= spec.size()) {
      throw new IllegalArgumentException("rank [" + rank + "] is not in group [" + spec + "]");
    }
    if (!spec.members().get(rank).jvmId().equals(JvmId.current())) {
      throw new IllegalArgumentException(
          "rank [" + rank + "] of group [" + spec + "] belongs to another JVM than this one");
    }
    if (device.isCuda() && spec.transport() != Transport.MEMORY) {
      LOG.info("Process group [{}] takes CUDA tensors through the CPU", spec.name());
    }
    LOG.debug("Rank [{}] joins process group [{}] by [{}]", rank, spec.name(), spec.transport());
    NativeRuntime.load();
    return switch (spec.transport()) {
      case MEMORY -> InMemoryProcessGroup.join(spec, rank);
      case MAPPED_FILE -> MappedFileProcessGroup.join(spec, rank);
      case GLOO -> GlooProcessGroup.join(spec, rank);
    };
  }

  /**
   * Returns a new {@link GroupSpec#meeting} for a transport: for gloo the path of a rendezvous
   * file, in a directory of its own that only this user can read; for a mapped file what makes its
   * name impossible to guess. Rank 0 removes the files as soon as all have joined.
   */
  public static String newMeeting(Transport transport) {
    return switch (transport) {
      case MEMORY -> "";
      case MAPPED_FILE -> UUID.randomUUID().toString();
      case GLOO -> StoreDirectory.create().toString();
    };
  }

  /** Removes what {@link #newMeeting} made on this machine, if rank 0 has not. */
  public static void discardMeeting(GroupSpec spec) {
    if (spec.transport() == Transport.GLOO) {
      StoreDirectory.remove(Path.of(spec.meeting()));
    }
  }
}
