package io.phalanx.llm.tokenizer;

/** A tokenizer without files, whose token ids are UTF-16 code units. */
public final class FakeTokenizer implements Tokenizer {
  /** How many code units there are. */
  public static final int VOCAB_SIZE = 0x10000;

  @Override
  public int[] encodeText(String text) {
    return text.chars().toArray();
  }

  @Override
  public int[] encodePrompt(String text) {
    return encodeText(text);
  }

  @Override
  public String decode(int[] tokenIds) {
    StringBuilder text = new StringBuilder();
    for (int id : tokenIds) {
      text.append((char) id);
    }
    return text.toString();
  }

  @Override
  public int vocabSize() {
    return VOCAB_SIZE;
  }

  @Override
  public IncrementalDetokenizer newDetokenizer() {
    return new IncrementalDetokenizer() {
      @Override
      public String append(int tokenId) {
        return Character.toString(tokenId);
      }

      @Override
      public String finish() {
        return "";
      }
    };
  }

  @Override
  public void close() {}
}
