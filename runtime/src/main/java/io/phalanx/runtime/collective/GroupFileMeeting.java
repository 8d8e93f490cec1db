package io.phalanx.runtime.collective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How ranks of several JVMs come to map the same file: rank 0 creates it, under a name that only
 * the group knows, and removes the name as soon as all have mapped it or the time is up. So nothing
 * stays behind, however the processes end; a process that is killed before leaves a name that the
 * next one removes.
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
   * @throws io.phalanx.runtime.error.ServingException {@code REPLICA_FAILED} if they have not
   *     within the group's timeout, or the file cannot be used
   */
  static GroupFile meet(GroupSpec spec, int rank) {
    return new GroupFileMeeting(spec, rank).meet();
  }

  private GroupFile meet() {
    try {
      GroupFile file = rank == 0 ? create() : open();
      file.join(rank, RankProcess.current());
      awaitUntil(() -> allHaveJoined(file));
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
    @Nullable GroupFile[] opened = new @Nullable GroupFile[1];
    awaitUntil(() -> (opened[0] = tryOpen()) != null);
    return Objects.requireNonNull(opened[0]);
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

  private boolean allHaveJoined(GroupFile file) {
    for (int other = 0; other < spec.size(); other++) {
      if (file.process(other) == null) {
        return false;
      }
    }
    return true;
  }

  private void awaitUntil(BooleanSupplier ready) {
    while (!ready.getAsBoolean()) {
      if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
        throw Ranks.notMet(spec, rank, "[" + path + "] was waited for", null);
      }
      LockSupport.parkNanos(PAUSE_NANOS);
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
