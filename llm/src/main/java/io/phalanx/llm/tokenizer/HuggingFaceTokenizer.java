package io.phalanx.llm.tokenizer;

import io.phalanx.llm.tokenizer.jinja.Text;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** A {@link Tokenizer} that runs a model's {@code tokenizer.json} in Hugging Face's own library. */
public final class HuggingFaceTokenizer implements Tokenizer {
  private final TokenizerFile file;
  private final NativeTokenizer tokenizer;

  private HuggingFaceTokenizer(TokenizerFile file, NativeTokenizer tokenizer) {
    this.file = file;
    this.tokenizer = tokenizer;
  }

  /**
   * Loads {@code tokenizer.json} from a model's directory.
   *
   * @throws ServingException {@code INVALID_MODEL} if the file is missing or not a tokenizer
   */
  public static HuggingFaceTokenizer load(Path directory) {
    Path path = directory.resolve("tokenizer.json");
    TokenizerFile file = TokenizerFile.read(path);
    NativeTokenizer tokenizer = create(file, path);
    try {
      checkSpecialIds(file.special(), tokenizer, path);
    } catch (ServingException e) {
      tokenizer.close();
      throw e;
    }
    return new HuggingFaceTokenizer(file, tokenizer);
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

  private static void checkSpecialIds(SpecialTokens special, NativeTokenizer tokenizer, Path path) {
    String names =
        special.tokens().stream()
            .map(SpecialTokens.Token::secretName)
            .collect(Collectors.joining());
    int[] listed = special.tokens().stream().mapToInt(SpecialTokens.Token::id).toArray();
    int[] loaded = tokenizer.encode(names, false);
    int difference = Arrays.mismatch(listed, loaded);
    if (difference >= 0 && difference < listed.length) {
      SpecialTokens.Token token = special.tokens().get(difference);
      throw TokenizerFile.invalid(
          path, "gives added token " + token.content() + " an id that its vocabulary lacks", null);
    }
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
    tokenizer.close();
  }
}
