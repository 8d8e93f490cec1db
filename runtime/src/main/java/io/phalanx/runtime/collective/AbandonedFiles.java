package io.phalanx.runtime.collective;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Files and directories that a killed process left behind: the name of each is a prefix, the id of
 * the process that made it, a hyphen and something random.
 */
final class AbandonedFiles {

  private AbandonedFiles() {}

  /** Returns those in {@code parent} whose process is gone and which this user may remove. */
  static List<Path> of(Path parent, String prefix) throws IOException {
    try (Stream<Path> entries = Files.list(parent)) {
      return entries
          .filter(path -> has(path, prefix) && !isAlive(path, prefix) && Files.isWritable(path))
          .toList();
    }
  }

  /** Returns whether the name of {@code path} begins with {@code prefix}. */
  static boolean has(Path path, String prefix) {
    return String.valueOf(path.getFileName()).startsWith(prefix);
  }

  /** Returns whether the process that made {@code path} runs, or cannot be told from its name. */
  static boolean isAlive(Path path, String prefix) {
    String rest = String.valueOf(path.getFileName()).substring(prefix.length());
    String pid = rest.substring(0, Math.max(0, rest.indexOf('-')));
    return !pid.matches("[0-9]{1,18}") || ProcessHandle.of(Long.parseLong(pid)).isPresent();
  }
}
