package io.phalanx.llm.tokenizer;

import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * A {@code tokenizer.json} in memory and in the native library, once for all of the JVM that use it
 * at the same time: a large vocabulary takes 100 MB, and a replica and an ingress each have one.
 */
record LoadedTokenizer(TokenizerFile file, NativeTokenizer library) implements SharedValues.Freed {
  private static final SharedValues<Key, LoadedTokenizer> ALL = new SharedValues<>();

  /** A file as it was; one that was written anew is another. */
  record Key(Path file, FileTime modified, long bytes) {

    private static Key of(Path file) {
      try {
        return new Key(file.toRealPath(), Files.getLastModifiedTime(file), Files.size(file));
      } catch (IOException e) {
        throw TokenizerFile.invalid(file, "cannot be read: " + e.getMessage(), e);
      }
    }

    @Override
    public String toString() {
      return file.toString();
    }
  }

  /**
   * Returns the tokenizer of a file, loaded if nobody has it; each who acquires it closes it.
   *
   * @throws ServingException {@code INVALID_MODEL} if the file is missing or not a tokenizer
   */
  static SharedValues<Key, LoadedTokenizer>.Use acquire(Path file) {
    TokenizerFile.requireFile(file);
    return ALL.acquire(Key.of(file), () -> load(file));
  }

  @Override
  public void free() {
    library.close();
  }

  private static LoadedTokenizer load(Path path) {
    TokenizerFile file = TokenizerFile.read(path);
    NativeTokenizer library = create(file, path);
    try {
      checkSpecialIds(file.special(), library, path);
    } catch (ServingException e) {
      library.close();
      throw e;
    }
    return new LoadedTokenizer(file.withoutJson(), library);
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
