package io.phalanx.runtime.collective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The private directory of one rendezvous file. Its name holds the process that made it, so that
 * what a killed process left behind is found and removed by the next one.
 */
final class StoreDirectory {
  private static final String PREFIX = "phalanx-store-";
  private static final String FILE = "store";

  private StoreDirectory() {}

  static Path create() {
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try {
      AbandonedFiles.of(parent, PREFIX).forEach(directory -> remove(directory.resolve(FILE)));
      return Files.createTempDirectory(
              parent,
              PREFIX + ProcessHandle.current().pid() + "-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
          .resolve(FILE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes the file and its directory, if they are still there. */
  static void remove(Path store) {
    try {
      Files.deleteIfExists(store);
      Path directory = store.getParent();
      if (directory != null && AbandonedFiles.has(directory, PREFIX)) {
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
