package io.phalanx.llm.tokenizer;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One tokenizer of Hugging Face's native library. Its library is unpacked from the class path into
 * the cache directory once; nothing is fetched and nothing is reported home.
 */
final class NativeTokenizer implements AutoCloseable {
  private static final char REPLACEMENT = '\ufffd';

  private final long handle;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  /** Creates a tokenizer from the text of a {@code tokenizer.json}. */
  NativeTokenizer(String json) {
    handle = Library.get().createTokenizerFromString(json);
    Library.get().disablePadding(handle);
    Library.get().disableTruncation(handle);
  }

  int[] encode(String text, boolean addSpecialTokens) {
    Lock use = use();
    try {
      long encoding = Library.get().encode(handle, wellFormed(text), addSpecialTokens);
      try {
        return Arrays.stream(Library.get().getTokenIds(encoding))
            .mapToInt(Math::toIntExact)
            .toArray();
      } finally {
        Library.get().deleteEncoding(encoding);
      }
    } finally {
      use.unlock();
    }
  }

  /** Returns the text of the ids, special tokens left out. */
  String decode(int[] ids) {
    Lock use = use();
    try {
      return Library.get().decode(handle, Arrays.stream(ids).asLongStream().toArray(), true);
    } finally {
      use.unlock();
    }
  }

  private Lock use() {
    Lock use = lock.readLock();
    use.lock();
    if (closed) {
      use.unlock();
      throw new IllegalStateException("The tokenizer is closed.");
    }
    return use;
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        Library.get().deleteTokenizer(handle);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Replaces lone surrogates, which cannot cross into the library. */
  private static String wellFormed(String text) {
    StringBuilder repaired = null;
    for (int i = 0; i < text.length(); i++) {
      if (!Character.isSurrogate(text.charAt(i))) {
        continue;
      }
      if (i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
        i++;
      } else {
        repaired = repaired == null ? new StringBuilder(text) : repaired;
        repaired.setCharAt(i, REPLACEMENT);
      }
    }
    return repaired == null ? text : repaired.toString();
  }

  /** Loads the native library when the first tokenizer is made. */
  private static final class Library {
    private static final TokenizersLibrary INSTANCE = load();

    private Library() {}

    static TokenizersLibrary get() {
      return INSTANCE;
    }

    private static TokenizersLibrary load() {
      Path cache = HubSettings.ofEnvironment().cache();
      setDefault("ENGINE_CACHE_DIR", cache.toString());
      System.setProperty("OPT_OUT_TRACKING", "true");
      System.setProperty("ai.djl.offline", "true");
      try {
        LibUtils.checkStatus();
        return TokenizersLibrary.LIB;
      } catch (LinkageError | RuntimeException e) {
        throw new ServingException(
            ErrorCode.INTERNAL,
            "The tokenizer library cannot be unpacked to "
                + cache
                + " and loaded ("
                + (e.getCause() == null ? e : e.getCause())
                + "); set PHALANX_CACHE to a directory that can be written.",
            e);
      }
    }

    private static void setDefault(String name, String value) {
      if (System.getenv(name) == null && System.getProperty(name) == null) {
        System.setProperty(name, value);
      }
    }
  }
}
