package io.phalanx.llm.tokenizer;

/**
 * Text to token ids and back, as the model's {@code tokenizer.json} has it; safe for many threads.
 */
public interface Tokenizer extends AutoCloseable {

  /**
   * Encodes text in which special tokens are plain text: what a user wrote.
   *
   * @return token ids without any added beginning or end token, never truncated
   */
  int[] encodeText(String text);

  /**
   * Encodes a prompt for {@code /v1/completions}: like {@link #encodeText}, with the beginning
   * token in front if the model's tokenizer adds one.
   */
  int[] encodePrompt(String text);

  /** Returns the text of the ids; special tokens are left out. */
  String decode(int[] tokenIds);

  /** Returns the number of tokens, added ones included; ids are {@code 0 .. vocabSize() - 1}. */
  int vocabSize();

  /** Creates the detokenizer of one new sequence. */
  IncrementalDetokenizer newDetokenizer();

  @Override
  void close();
}
