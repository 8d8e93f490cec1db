package io.phalanx.runtime.collective;

import io.phalanx.runtime.JvmId;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.NativeRuntime;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where ranks join their process group, by whichever way their JVMs allow. */
public final class ProcessGroups {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessGroups.class);

  private ProcessGroups() {}

  /**
   * Joins the group as {@code rank}: in memory if all ranks are in this JVM, otherwise by gloo over
   * the nodes' loopback addresses. By gloo it waits, up to the group's timeout, for all the others.
   *
   * @param device where the rank's tensors are; gloo takes those on a CUDA device through the CPU
   * @throws io.phalanx.runtime.error.ServingException {@code REPLICA_FAILED} if the others do not
   *     come in time
   */
  public static ProcessGroup join(GroupSpec spec, int rank, Device device) {
    if (rank < 0 || rank >= spec.size()) {
      throw new IllegalArgumentException("rank [" + rank + "] is not in group [" + spec + "]");
    }
    if (!spec.memberJvmIds().get(rank).equals(JvmId.current())) {
      throw new IllegalArgumentException(
          "rank [" + rank + "] of group [" + spec + "] belongs to another JVM than this one");
    }
    if (device.isCuda() && !spec.inOneJvm()) {
      LOG.info("Process group [{}] takes CUDA tensors through the CPU", spec.name());
    }
    NativeRuntime.load();
    return spec.inOneJvm()
        ? InMemoryProcessGroup.join(spec, rank)
        : GlooProcessGroup.join(spec, rank);
  }

  /**
   * Returns the path of a new rendezvous file for {@link GroupSpec#storePath}, in a directory of
   * its own that only this user can read. Rank 0 removes both as soon as all have joined.
   */
  public static Path newStorePath() {
    return StoreDirectory.create();
  }
}
