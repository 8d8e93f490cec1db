package io.phalanx.llm.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * One model in Hugging Face's cache layout, which other programs on this machine share: {@code
 * blobs/ETAG} holds contents, {@code snapshots/COMMIT/NAME} links to them, {@code refs/REVISION}
 * says which commit a branch or tag was at.
 */
final class HubCache {
  static final String INDEX = "model.safetensors.index.json";
  static final String SINGLE_WEIGHTS = "model.safetensors";

  private static final Pattern SAFE_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]*");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final HubModel model;
  private final Path root;
  private final Path lockFile;

  HubCache(Path hubCache, HubModel model) {
    this.model = model;
    this.root = hubCache.resolve(model.directoryName());
    this.lockFile = hubCache.resolve(".locks").resolve(model.directoryName()).resolve(".phalanx");
  }

  /** Returns whether the name can be a file's in a snapshot's root and nothing else. */
  static boolean isSafeName(String name) {
    return SAFE_NAME.matcher(name).matches();
  }

  /** Acts while no other thread or process changes this model. */
  <T> T hold(CacheLock.Action<T> action) throws IOException {
    return CacheLock.hold(lockFile, action);
  }

  Path root() {
    return root;
  }

  Path blob(RemoteFile file) {
    return root.resolve("blobs").resolve(file.etag());
  }

  /** Returns where the bytes of a blob are gathered until they are all there. */
  Path incomplete(RemoteFile file) {
    return root.resolve("blobs").resolve(file.etag() + ".incomplete");
  }

  Path snapshot(String commit) {
    return root.resolve("snapshots").resolve(commit);
  }

  /** Returns the commit that the revision was at when it was last asked for. */
  Optional<String> commit() {
    if (model.isPinned()) {
      return Optional.of(model.revision());
    }
    try {
      String commit = Files.readString(ref()).strip();
      return HubModel.isCommit(commit) ? Optional.of(commit) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Path ref() {
    return root.resolve("refs").resolve(model.revision());
  }

  void rememberCommit(String commit) throws IOException {
    if (!model.isPinned()) {
      Files.createDirectories(ref().getParent());
      Path work = ref().resolveSibling(".ref-" + UUID.randomUUID());
      Files.writeString(work, commit);
      Files.move(work, ref(), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Makes a whole blob appear under its name in the snapshot. */
  void link(RemoteFile file, String commit) throws IOException {
    Path snapshot = snapshot(commit);
    Files.createDirectories(snapshot);
    Path link = snapshot.resolve(file.name());
    Path target = Path.of("..", "..", "blobs", file.etag());
    if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target)) {
      return;
    }
    Files.deleteIfExists(link);
    try {
      Files.createSymbolicLink(link, target);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | IOException e) {
      Files.copy(blob(file), link);
    }
  }

  /** Returns the snapshot of {@link #commit} if it has a configuration and all its weights. */
  Optional<ModelFiles> find(String source, ModelParts parts) {
    return commit()
        .map(commit -> new ModelFiles(source, snapshot(commit), commit))
        .filter(files -> isWhole(files, parts));
  }

  private static boolean isWhole(ModelFiles files, ModelParts parts) {
    if (parts == ModelParts.TOKENIZER) {
      return files.file("tokenizer.json").isPresent();
    }
    if (files.file("config.json").isEmpty()) {
      return false;
    }
    Optional<Path> index = files.file(INDEX);
    return index.isEmpty()
        ? files.file(SINGLE_WEIGHTS).isPresent()
        : shards(index.get()).stream().allMatch(shard -> files.file(shard).isPresent());
  }

  /**
   * Returns the weight files that an index names.
   *
   * @throws ServingException {@code INVALID_MODEL} if a name leads out of the model's directory
   */
  static Set<String> shards(Path index) {
    Set<String> shards = new TreeSet<>();
    try {
      for (JsonNode shard : JSON.readTree(index.toFile()).path("weight_map")) {
        shards.add(shard.asText());
      }
    } catch (IOException e) {
      throw new ServingException(
          ErrorCode.INVALID_MODEL, index + " cannot be read as JSON: " + e.getMessage(), e);
    }
    for (String shard : shards) {
      if (!isSafeName(shard) || !shard.endsWith(".safetensors")) {
        throw new ServingException(
            ErrorCode.INVALID_MODEL, index + " names a file [" + shard + "] that is refused.");
      }
    }
    return shards;
  }
}
