package io.phalanx.llm.tokenizer;

import java.util.Arrays;
import java.util.function.Function;

/**
 * The detokenizer of any tokenizer. It decodes a window of the last tokens with and without the new
 * one, and the difference is the new text, so that a decoder that looks at neighbours (spaces,
 * bytes of one character) sees them.
 */
final class WindowDetokenizer implements IncrementalDetokenizer {
  private static final int CONTEXT_TOKENS = 6;

  /** A longer run of tokens without a whole character is no character at all. */
  private static final int MAX_UNFINISHED_TOKENS = 64;

  private static final String REPLACEMENT = "\ufffd";

  private final Function<int[], String> decode;
  private int[] window = new int[CONTEXT_TOKENS + 16];
  private int length;
  private int shownTokens;
  private String shown = "";

  WindowDetokenizer(Function<int[], String> decode) {
    this.decode = decode;
  }

  @Override
  public String append(int tokenId) {
    if (length == window.length) {
      window = Arrays.copyOf(window, 2 * length);
    }
    window[length++] = tokenId;
    String text = decode.apply(Arrays.copyOf(window, length));
    boolean unfinished = text.endsWith(REPLACEMENT) && length - shownTokens < MAX_UNFINISHED_TOKENS;
    return unfinished || text.length() <= shown.length() ? "" : show(text);
  }

  @Override
  public String finish() {
    String text = decode.apply(Arrays.copyOf(window, length));
    return text.length() <= shown.length() ? "" : show(text);
  }

  private String show(String text) {
    String added = text.substring(shown.length());
    int kept = Math.min(CONTEXT_TOKENS, length);
    System.arraycopy(window, length - kept, window, 0, kept);
    length = kept;
    shownTokens = kept;
    shown = decode.apply(Arrays.copyOf(window, length));
    return added;
  }
}
