package io.phalanx.runtime.collective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

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
      removeAbandoned(parent);
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
      if (directory != null && isStoreDirectory(directory)) {
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void removeAbandoned(Path parent) throws IOException {
    List<Path> abandoned;
    try (Stream<Path> entries = Files.list(parent)) {
      abandoned =
          entries.filter(StoreDirectory::isStoreDirectory).filter(d -> !isAlive(d)).toList();
    }
    for (Path directory : abandoned) {
      if (Files.isWritable(directory)) {
        remove(directory.resolve(FILE));
      }
    }
  }

  private static boolean isStoreDirectory(Path path) {
    return String.valueOf(path.getFileName()).startsWith(PREFIX);
  }

  private static boolean isAlive(Path directory) {
    String rest = String.valueOf(directory.getFileName()).substring(PREFIX.length());
    String pid = rest.substring(0, Math.max(0, rest.indexOf('-')));
    return !pid.matches("[0-9]{1,18}") || ProcessHandle.of(Long.parseLong(pid)).isPresent();
  }
}
