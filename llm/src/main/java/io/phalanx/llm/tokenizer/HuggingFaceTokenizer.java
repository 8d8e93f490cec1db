package io.phalanx.llm.tokenizer;

import io.phalanx.llm.tokenizer.jinja.Text;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;

/**
 * A {@link Tokenizer} that runs a model's {@code tokenizer.json} in Hugging Face's own library.
 *
 * <p>Once closed, every method throws an {@code IllegalStateException}.
 */
public final class HuggingFaceTokenizer implements Tokenizer {
  private final SharedValues<LoadedTokenizer.Key, LoadedTokenizer>.Use loaded;

  private HuggingFaceTokenizer(SharedValues<LoadedTokenizer.Key, LoadedTokenizer>.Use loaded) {
    this.loaded = loaded;
  }

  /**
   * Loads {@code tokenizer.json} from a model's directory; those that are open at the same time
   * share one in memory.
   *
   * @throws ServingException {@code INVALID_MODEL} if the file is missing or not a tokenizer
   */
  public static HuggingFaceTokenizer load(Path directory) {
    return new HuggingFaceTokenizer(LoadedTokenizer.acquire(directory.resolve("tokenizer.json")));
  }

  private NativeTokenizer library() {
    return loaded.value().library();
  }

  private TokenizerFile file() {
    return loaded.value().file();
  }

  @Override
  public int[] encodeText(String text) {
    return library().encode(text, false);
  }

  @Override
  public int[] encodePrompt(String text) {
    return library().encode(text, true);
  }

  /** Encodes a rendered chat: special tokens where the template wrote them, none of the user's. */
  int[] encode(Text text) {
    return library().encode(file().special().withSecretNames(text), false);
  }

  @Override
  public String decode(int[] tokenIds) {
    if (file().byteLevel().isEmpty()) {
      return decodeNatively(tokenIds);
    }
    IncrementalDetokenizer detokenizer = newDetokenizer();
    StringBuilder text = new StringBuilder();
    for (int id : tokenIds) {
      text.append(detokenizer.append(id));
    }
    return text.append(detokenizer.finish()).toString();
  }

  /** Decodes in the native library, which {@link #decode} must agree with. */
  String decodeNatively(int[] tokenIds) {
    return library().decode(tokenIds);
  }

  @Override
  public int vocabSize() {
    return file().vocabSize();
  }

  @Override
  public IncrementalDetokenizer newDetokenizer() {
    return file()
        .byteLevel()
        .<IncrementalDetokenizer>map(ByteLevelDetokenizer::new)
        .orElseGet(() -> new WindowDetokenizer(this::decodeNatively));
  }

  @Override
  public void close() {
    loaded.close();
  }
}
