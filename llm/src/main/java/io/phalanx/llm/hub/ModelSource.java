package io.phalanx.llm.hub;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A configured {@code model-source} and the way to its files: {@code embedded}, a directory, or
 * {@code org/name[@revision]} on the hub.
 */
public final class ModelSource {
  private static final String EMBEDDED = "embedded";

  private ModelSource() {}

  /**
   * Returns the model's files, fetched or unpacked first if they are not on this machine. Safe for
   * several threads and processes at once.
   *
   * @throws ServingException {@code INVALID_MODEL} if the source is of no known form or is no model
   *     that can be served, {@code MODEL_UNAVAILABLE} if its files cannot be fetched or kept
   */
  public static ModelFiles resolve(
      String modelSource, HubSettings settings, ProgressListener listener) {
    return resolve(modelSource, settings, ModelParts.ALL, listener);
  }

  /** Like {@link #resolve}, but fetches the tokenizer and the chat template only. */
  public static ModelFiles resolveTokenizer(
      String source, HubSettings settings, ProgressListener listener) {
    return resolve(source, settings, ModelParts.TOKENIZER, listener);
  }

  private static ModelFiles resolve(
      String source, HubSettings settings, ModelParts parts, ProgressListener listener) {
    if (source.equals(EMBEDDED)) {
      return EmbeddedModel.unpack(source, settings.cache(), listener);
    }
    Optional<Path> directory = directory(source);
    if (directory.isPresent()) {
      return checked(new ModelFiles(source, directory.get(), null), parts);
    }
    return new HubFetcher(source, hubModel(source, parts), settings, parts, listener).fetch();
  }

  /**
   * Returns the tokenizer's files if they are on this machine; touches no network.
   *
   * @throws ServingException {@code INVALID_MODEL} if the source is of no known form
   */
  public static Optional<ModelFiles> findLocalTokenizer(String source, HubSettings settings) {
    return findLocal(source, settings, ModelParts.TOKENIZER);
  }

  /**
   * Returns the model's files if they are on this machine: embedded, a directory, or all in the
   * cache. Touches no network.
   *
   * @throws ServingException {@code INVALID_MODEL} if the source is of no known form
   */
  public static Optional<ModelFiles> findLocal(String modelSource, HubSettings settings) {
    return findLocal(modelSource, settings, ModelParts.ALL);
  }

  private static Optional<ModelFiles> findLocal(
      String source, HubSettings settings, ModelParts parts) {
    if (source.equals(EMBEDDED) || directory(source).isPresent()) {
      return Optional.of(resolve(source, settings, parts, ProgressListener.NONE));
    }
    return new HubCache(settings.hubCache(), hubModel(source, parts)).find(source, parts);
  }

  /**
   * Returns what {@link #resolve} would do, in words; touches no network.
   *
   * @throws ServingException {@code INVALID_MODEL} if the source is of no known form
   */
  public static String describe(String modelSource, HubSettings settings) {
    if (modelSource.equals(EMBEDDED)) {
      return "the embedded model";
    }
    Optional<Path> directory = directory(modelSource);
    if (directory.isPresent()) {
      return "the directory " + directory.get();
    }
    HubModel model = hubModel(modelSource, ModelParts.ALL);
    Optional<ModelFiles> copy =
        new HubCache(settings.hubCache(), model).find(modelSource, ModelParts.ALL);
    if (copy.isPresent()) {
      return model + " from " + settings.endpoint() + ", a copy is in " + copy.get().directory();
    }
    return settings.offline()
        ? model + " is not in " + settings.hubCache() + ", and nothing is fetched while offline"
        : "would fetch " + model + " from " + settings.endpoint();
  }

  private static Optional<Path> directory(String source) {
    try {
      Path path = Path.of(source).toAbsolutePath().normalize();
      return !source.isBlank() && Files.isDirectory(path) ? Optional.of(path) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static ModelFiles checked(ModelFiles files, ModelParts parts) {
    String needed = parts == ModelParts.ALL ? "config.json" : "tokenizer.json";
    if (files.file(needed).isEmpty()) {
      throw new ServingException(
          ErrorCode.INVALID_MODEL,
          parts.key()
              + ": "
              + files.directory()
              + " has no "
              + needed
              + "; it must be a model in Hugging Face's layout.");
    }
    return files;
  }

  private static HubModel hubModel(String source, ModelParts parts) {
    return HubModel.parse(source)
        .orElseThrow(
            () ->
                new ServingException(
                    ErrorCode.INVALID_MODEL,
                    parts.key()
                        + " ["
                        + source
                        + "] is none of: embedded; a directory (tried "
                        + shownPath(source)
                        + ", which is none); org/name or org/name@revision on the hub."));
  }

  private static String shownPath(String source) {
    try {
      return Path.of(source).toAbsolutePath().normalize().toString();
    } catch (InvalidPathException e) {
      return "it as a path";
    }
  }
}
