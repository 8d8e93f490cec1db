package io.phalanx.runtime.collective;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the mapped files of process groups lie: in memory where the machine has a place for that,
 * otherwise with the temporary files.
 */
final class SharedMemoryDirectory {
  private static final Path IN_MEMORY = Path.of("/dev/shm");

  /** Less than this is what containers get that were not given shared memory on purpose. */
  private static final long LEAST_BYTES = 128L << 20;

  private static final Path CURRENT = choose();

  private SharedMemoryDirectory() {}

  /** Returns the directory, the same for the life of this JVM. */
  static Path current() {
    return CURRENT;
  }

  private static Path choose() {
    try {
      if (Files.isDirectory(IN_MEMORY)
          && Files.isWritable(IN_MEMORY)
          && Files.getFileStore(IN_MEMORY).getUsableSpace() >= LEAST_BYTES) {
        return IN_MEMORY;
      }
    } catch (IOException unreadable) {
      return temporary();
    }
    return temporary();
  }

  private static Path temporary() {
    return Path.of(System.getProperty("java.io.tmpdir"));
  }
}
