package io.phalanx.llm.tokenizer;

import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * A {@code tokenizer.json} in memory and in the native library, once for all of the JVM that use it
 * at the same time: a large vocabulary takes 100 MB, and a replica and an ingress each have one.
 */
final class LoadedTokenizer {
  private static final Map<Key, LoadedTokenizer> OPEN = new ConcurrentHashMap<>();

  private final Key key;
  private final TokenizerFile file;
  private final NativeTokenizer library;
  private int users;

  /** A file as it was; one that was written anew is another. */
  private record Key(Path file, FileTime modified, long bytes) {

    static Key of(Path file) {
      try {
        return new Key(file.toRealPath(), Files.getLastModifiedTime(file), Files.size(file));
      } catch (IOException e) {
        throw TokenizerFile.invalid(file, "cannot be read: " + e.getMessage(), e);
      }
    }
  }

  private LoadedTokenizer(Key key, TokenizerFile file, NativeTokenizer library) {
    this.key = key;
    this.file = file;
    this.library = library;
  }

  /**
   * Returns the tokenizer of a file, loaded if nobody has it; each who acquires it releases it
   * once.
   *
   * @throws ServingException {@code INVALID_MODEL} if the file is missing or not a tokenizer
   */
  static LoadedTokenizer acquire(Path file) {
    TokenizerFile.requireFile(file);
    return OPEN.compute(
        Key.of(file),
        (key, open) -> {
          LoadedTokenizer loaded = open == null ? load(key, file) : open;
          loaded.users++;
          return loaded;
        });
  }

  /** Frees the native library's part after the last user. */
  void release() {
    OPEN.computeIfPresent(
        key,
        (k, open) -> {
          users--;
          if (users > 0) {
            return open;
          }
          library.close();
          return null;
        });
  }

  TokenizerFile file() {
    return file;
  }

  NativeTokenizer library() {
    return library;
  }

  private static LoadedTokenizer load(Key key, Path path) {
    TokenizerFile file = TokenizerFile.read(path);
    NativeTokenizer library = create(file, path);
    try {
      checkSpecialIds(file.special(), library, path);
    } catch (ServingException e) {
      library.close();
      throw e;
    }
    return new LoadedTokenizer(key, file.withoutJson(), library);
  }

  private static NativeTokenizer create(TokenizerFile file, Path path) {
    try {
      return new NativeTokenizer(file.json());
    } catch (ServingException e) {
      throw e;
    } catch (RuntimeException e) {
      throw TokenizerFile.invalid(path, "is refused by the library: " + e.getMessage(), e);
    }
  }

  private static void checkSpecialIds(SpecialTokens special, NativeTokenizer library, Path path) {
    String names =
        special.tokens().stream()
            .map(SpecialTokens.Token::secretName)
            .collect(Collectors.joining());
    int[] listed = special.tokens().stream().mapToInt(SpecialTokens.Token::id).toArray();
    int[] loaded = library.encode(names, false);
    int difference = Arrays.mismatch(listed, loaded);
    if (difference >= 0 && difference < listed.length) {
      SpecialTokens.Token token = special.tokens().get(difference);
      throw TokenizerFile.invalid(
          path, "gives added token " + token.content() + " an id that its vocabulary lacks", null);
    }
  }
}
