package io.phalanx.llm.hub;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * The model that lies in Phalanx's own jar. Weights are mapped into memory, so its files are
 * unpacked once, into a directory of the cache that is named by their content; every later start
 * compares them byte by byte.
 */
final class EmbeddedModel {
  private static final String RESOURCES = "/io/phalanx/llm/embedded/";
  private static final List<String> NAMES =
      List.of(
          "config.json",
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja",
          "model.safetensors");
  private static final int DIGITS_OF_NAME = 16;

  private final String source;
  private final Map<String, byte[]> files;
  private final Path parent;

  private EmbeddedModel(String source, Map<String, byte[]> files, Path cache) {
    this.source = source;
    this.files = files;
    this.parent = cache.resolve("embedded");
  }

  static ModelFiles unpack(String source, Path cache, ProgressListener listener) {
    try {
      return new EmbeddedModel(source, read(), cache).unpack(listener);
    } catch (IOException e) {
      throw new ServingException(
          ErrorCode.MODEL_UNAVAILABLE,
          "The embedded model cannot be unpacked to "
              + cache
              + " ("
              + e
              + "); set PHALANX_CACHE to a directory that can be written and has space.",
          e);
    }
  }

  private static Map<String, byte[]> read() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (String name : NAMES) {
      try (InputStream in = EmbeddedModel.class.getResourceAsStream(RESOURCES + name)) {
        if (in != null) {
          files.put(name, in.readAllBytes());
        }
      }
    }
    if (!files.containsKey("model.safetensors")) {
      throw new ServingException(
          ErrorCode.INVALID_MODEL, "This build of Phalanx has no embedded model.");
    }
    return files;
  }

  private ModelFiles unpack(ProgressListener listener) throws IOException {
    createPrivate(parent);
    Path directory = parent.resolve(contentName());
    return CacheLock.hold(
        parent.resolve(".lock"),
        () -> {
          if (!isWhole(directory)) {
            write(directory, listener);
          }
          return new ModelFiles(source, directory, null);
        });
  }

  private String contentName() {
    MessageDigest digest = Checksum.digest("SHA-256");
    files.forEach(
        (name, bytes) -> {
          digest.update((name + "\0" + bytes.length + "\0").getBytes(StandardCharsets.UTF_8));
          digest.update(bytes);
        });
    return HexFormat.of().formatHex(digest.digest()).substring(0, DIGITS_OF_NAME);
  }

  private boolean isWhole(Path directory) throws IOException {
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = directory.resolve(file.getKey());
      if (!Files.isRegularFile(path)
          || Files.size(path) != file.getValue().length
          || !Arrays.equals(Files.readAllBytes(path), file.getValue())) {
        return false;
      }
    }
    return true;
  }

  /** Writes all files beside the directory, then puts them in its place at once. */
  private void write(Path directory, ProgressListener listener) throws IOException {
    Path work = parent.resolve(".unpacking-" + UUID.randomUUID());
    createPrivate(work);
    try {
      long total = files.values().stream().mapToLong(bytes -> bytes.length).sum();
      long written = 0;
      int number = 0;
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        Files.write(work.resolve(file.getKey()), file.getValue());
        written += file.getValue().length;
        listener.onProgress(
            new FetchProgress(source, file.getKey(), ++number, files.size(), written, total));
      }
      if (Files.exists(directory)) {
        Path broken = parent.resolve(".broken-" + UUID.randomUUID());
        Files.move(directory, broken, StandardCopyOption.ATOMIC_MOVE);
        delete(broken);
      }
      Files.move(work, directory, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      delete(work);
    }
  }

  private static void createPrivate(Path directory) throws IOException {
    boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
    if (Files.isDirectory(directory)) {
      return;
    }
    if (posix) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectories(directory);
    }
  }

  /** Deletes a directory of plain files, if it is there. */
  private static void delete(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> children = Files.list(directory)) {
      for (Path child : children.toList()) {
        Files.deleteIfExists(child);
      }
    }
    Files.deleteIfExists(directory);
  }
}
