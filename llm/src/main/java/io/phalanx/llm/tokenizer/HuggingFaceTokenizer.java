package io.phalanx.llm.tokenizer;

import io.phalanx.llm.tokenizer.jinja.Text;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;

/** A {@link Tokenizer} that runs a model's {@code tokenizer.json} in Hugging Face's own library. */
public final class HuggingFaceTokenizer implements Tokenizer {
  private final LoadedTokenizer loaded;
  private final TokenizerFile file;
  private final NativeTokenizer tokenizer;
  private final AtomicBoolean open = new AtomicBoolean(true);

  private HuggingFaceTokenizer(LoadedTokenizer loaded) {
    this.loaded = loaded;
    this.file = loaded.file();
    this.tokenizer = loaded.library();
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

  @Override
  public int[] encodeText(String text) {
    return tokenizer.encode(text, false);
  }

  @Override
  public int[] encodePrompt(String text) {
    return tokenizer.encode(text, true);
  }

  /** Encodes a rendered chat: special tokens where the template wrote them, none of the user's. */
  int[] encode(Text text) {
    return tokenizer.encode(file.special().withSecretNames(text), false);
  }

  @Override
  public String decode(int[] tokenIds) {
    if (file.byteLevel().isEmpty()) {
      return tokenizer.decode(tokenIds);
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
    return tokenizer.decode(tokenIds);
  }

  @Override
  public int vocabSize() {
    return file.vocabSize();
  }

  @Override
  public IncrementalDetokenizer newDetokenizer() {
    return file.byteLevel()
        .<IncrementalDetokenizer>map(ByteLevelDetokenizer::new)
        .orElseGet(() -> new WindowDetokenizer(tokenizer::decode));
  }

  @Override
  public void close() {
    if (open.getAndSet(false)) {
      loaded.release();
    }
  }
}
