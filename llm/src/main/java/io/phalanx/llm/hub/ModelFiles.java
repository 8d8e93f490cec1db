package io.phalanx.llm.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's files on this machine, in Hugging Face's layout.
 *
 * @param source the model source as configured
 * @param directory an existing directory that has a {@code config.json}
 * @param revision the hub's commit, or null if the files came from elsewhere
 */
public record ModelFiles(String source, Path directory, @Nullable String revision) {

  /** Returns the file of that name, if the model has it. */
  public Optional<Path> file(String name) {
    Path file = directory.resolve(name);
    return Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
  }
}
