package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.gloo.Device;

/** One rank's connections to all other ranks by gloo, with what they were made from. */
final class GlooConnection {
  private static final int THREADS = 2;

  private final ProcessGroupGloo gloo;
  private final FileStore store;

  private GlooConnection(ProcessGroupGloo gloo, FileStore store) {
    this.gloo = gloo;
    this.store = store;
  }

  /**
   * Connects to all others, listening on the address of the rank's node alone, and waits until all
   * have done so.
   *
   * @throws ServingException {@code REPLICA_FAILED} if they have not within the group's timeout, if
   *     the meeting is given up, or if this thread is interrupted
   */
  static GlooConnection open(GroupSpec spec, int rank) {
    try {
      GlooMeeting.awaitAll(spec, rank);
      return open(spec, rank, new FileStore(spec.meeting(), spec.size()));
    } finally {
      if (rank == 0) {
        StoreDirectory.remove(Path.of(spec.meeting()));
      }
    }
  }

  private static GlooConnection open(GroupSpec spec, int rank, FileStore store) {
    store.retainReference();
    try {
      return new GlooConnection(connect(spec, rank, store), store);
    } catch (RuntimeException e) {
      store.releaseReference();
      throw Ranks.notMet(spec, rank, GlooProcessGroup.firstLine(e), e);
    }
  }

  private static ProcessGroupGloo connect(GroupSpec spec, int rank, FileStore store) {
    try (PointerScope scope = new PointerScope()) {
      Ranks.keep(scope);
      Milliseconds timeout = new Milliseconds(spec.timeout().toMillis());
      store.setTimeout(timeout);
      Device device = ProcessGroupGloo.createDeviceForHostname(spec.members().get(rank).host());
      ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout);
      options.devices(new GlooDeviceVector(device));
      options.threads(THREADS);
      ProcessGroupGloo gloo = new ProcessGroupGloo(store, rank, spec.size(), options);
      gloo.barrier()._wait(timeout);
      gloo.retainReference();
      return gloo;
    }
  }

  ProcessGroupGloo gloo() {
    return gloo;
  }

  /** Closes the connections. */
  void close() {
    gloo.releaseReference();
    store.releaseReference();
  }
}
