package io.phalanx.llm.tokenizer;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A {@link Tokenizer} that runs a model's {@code tokenizer.json} in Hugging Face's own library. */
public final class HuggingFaceTokenizer implements Tokenizer {
  private final long handle;
  private final int vocabSize;

  private HuggingFaceTokenizer(long handle, int vocabSize) {
    this.handle = handle;
    this.vocabSize = vocabSize;
  }

  /**
   * Loads {@code tokenizer.json} from a model's directory.
   *
   * @throws ServingException {@code INVALID_MODEL} if the file is missing or not a tokenizer
   */
  public static HuggingFaceTokenizer load(Path directory) {
    Path file = directory.resolve("tokenizer.json");
    try {
      String json = Files.readString(file);
      return new HuggingFaceTokenizer(
          TokenizersLibrary.LIB.createTokenizerFromString(json), Integer.MAX_VALUE);
    } catch (IOException e) {
      throw new ServingException(ErrorCode.INVALID_MODEL, file + " is not readable: " + e, e);
    }
  }

  @Override
  public int[] encodeText(String text) {
    return encode(text, false);
  }

  @Override
  public int[] encodePrompt(String text) {
    return encode(text, true);
  }

  private int[] encode(String text, boolean addSpecialTokens) {
    long encoding = TokenizersLibrary.LIB.encode(handle, text, addSpecialTokens);
    try {
      return Arrays.stream(TokenizersLibrary.LIB.getTokenIds(encoding))
          .mapToInt(Math::toIntExact)
          .toArray();
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  @Override
  public String decode(int[] tokenIds) {
    long[] ids = Arrays.stream(tokenIds).asLongStream().toArray();
    return TokenizersLibrary.LIB.decode(handle, ids, true);
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public IncrementalDetokenizer newDetokenizer() {
    return new IncrementalDetokenizer() {
      @Override
      public String append(int tokenId) {
        return decode(new int[] {tokenId});
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  @Override
  public void close() {
    TokenizersLibrary.LIB.deleteTokenizer(handle);
  }
}
