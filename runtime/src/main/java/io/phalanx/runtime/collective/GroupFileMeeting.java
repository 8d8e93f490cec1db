package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How ranks of several JVMs come to map the same file: rank 0 creates it, under a name that only
 * the group knows, and removes the name as soon as all have mapped it or one has given up. So
 * nothing stays behind, however the processes end; a process that is killed before leaves a name
 * that the next one removes.
 *
 * <p>A rank that has mapped the file and gives up fails the group there, so the others give up with
 * it. What nobody can tell in the file, since it is not there yet or no longer, a rank learns by
 * being interrupted.
 */
final class GroupFileMeeting {
  private static final String PREFIX = "phalanx-group-";
  private static final long PAUSE_NANOS = 1_000_000;

  private final GroupSpec spec;
  private final int rank;
  private final Path path;
  private final long deadline;

  private GroupFileMeeting(GroupSpec spec, int rank) {
    this.spec = spec;
    this.rank = rank;
    String creator = spec.members().get(0).jvmId();
    this.path = SharedMemoryDirectory.current().resolve(PREFIX + creator + "-" + spec.meeting());
    this.deadline = System.nanoTime() + spec.timeout().toNanos();
  }

  /**
   * Returns the file that all ranks have mapped.
   *
   * @throws ServingException {@code REPLICA_FAILED} if rank 0 has not within the group's timeout,
   *     or the others within as long again; if one of them gives up or its process ends; if this
   *     thread is interrupted; or if the file cannot be used
   */
  static GroupFile meet(GroupSpec spec, int rank) {
    return new GroupFileMeeting(spec, rank).meet();
  }

  private GroupFile meet() {
    try {
      GroupFile file = rank == 0 ? create() : open();
      awaitOthers(spec, rank, file);
      return file;
    } catch (IOException | UncheckedIOException e) {
      throw Ranks.notMet(spec, rank, "[" + path + "]: " + e, e);
    } finally {
      if (rank == 0) {
        remove(path);
      }
    }
  }

  private GroupFile create() throws IOException {
    AbandonedFiles.of(SharedMemoryDirectory.current(), PREFIX).forEach(GroupFileMeeting::remove);
    return GroupFile.create(path, spec);
  }

  private GroupFile open() {
    for (GroupFile file = tryOpen(); ; file = tryOpen()) {
      if (file != null) {
        return file;
      }
      if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
        throw Ranks.notMet(spec, rank, "[" + path + "] was waited for", null);
      }
      if (!AbandonedFiles.isAlive(path, PREFIX)) {
        throw Ranks.notMet(spec, rank, "the process of rank 0 has ended", null);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private @Nullable GroupFile tryOpen() {
    try {
      return GroupFile.open(path, spec);
    } catch (NoSuchFileException notYet) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Maps as {@code rank} and waits for the others; who gives up, gives up for all. */
  static void awaitOthers(GroupSpec spec, int rank, GroupFile file) throws IOException {
    file.join(rank, RankProcess.current());
    try {
      new ProcessWaits(spec, rank, file)
          .await(rank, file::allHaveJoined, "all ranks in the meeting");
    } catch (ServingException e) {
      file.close();
      throw e;
    }
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
