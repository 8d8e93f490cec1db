package io.phalanx.runtime.collective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The private directory of one rendezvous file, and of another in which ranks say that they have
 * come. Its name holds the process that made it, so that what a killed process left behind is found
 * and removed by the next one.
 */
final class StoreDirectory {
  private static final String PREFIX = "phalanx-store-";
  private static final String FILE = "store";
  private static final String ARRIVALS = "arrivals";

  private StoreDirectory() {}

  static Path create() {
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    try {
      AbandonedFiles.of(parent, PREFIX).forEach(directory -> remove(directory.resolve(FILE)));
      Path directory =
          Files.createTempDirectory(
              parent,
              PREFIX + ProcessHandle.current().pid() + "-",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path store = directory.resolve(FILE);
      Files.createFile(arrivals(store));
      return store;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the file in which ranks say that they have come to the meeting at {@code store}. */
  static Path arrivals(Path store) {
    return store.resolveSibling(ARRIVALS);
  }

  /** Removes the files and their directory, if they are still there. */
  static void remove(Path store) {
    try {
      Files.deleteIfExists(arrivals(store));
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
