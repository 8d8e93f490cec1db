package io.phalanx.llm.tokenizer;

/**
 * The detokenizer of byte-level tokenizers: decodes the tokens' bytes as UTF-8, which costs a token
 * the time of its own bytes only.
 *
 * <p>Bytes that are no UTF-8 become U+FFFD, one for each longest start of a character, as the
 * Unicode standard recommends and Hugging Face's library does (the JDK's decoder differs).
 */
final class ByteLevelDetokenizer implements IncrementalDetokenizer {
  private static final char REPLACEMENT = '\ufffd';
  private static final int LOWEST_CONTINUATION = 0x80;
  private static final int HIGHEST_CONTINUATION = 0xbf;

  private final ByteLevelVocabulary vocabulary;
  private int codePoint;
  private int missingBytes;
  private int lowestNext = LOWEST_CONTINUATION;
  private int highestNext = HIGHEST_CONTINUATION;

  ByteLevelDetokenizer(ByteLevelVocabulary vocabulary) {
    this.vocabulary = vocabulary;
  }

  @Override
  public String append(int tokenId) {
    byte[] bytes = vocabulary.bytes(tokenId);
    if (bytes.length == 0) {
      return "";
    }
    StringBuilder out = new StringBuilder(bytes.length);
    for (byte each : bytes) {
      decode(each & 0xff, out);
    }
    return out.toString();
  }

  @Override
  public String finish() {
    boolean unfinished = missingBytes > 0;
    missingBytes = 0;
    return unfinished ? String.valueOf(REPLACEMENT) : "";
  }

  private void decode(int value, StringBuilder out) {
    if (missingBytes == 0) {
      begin(value, out);
    } else if (value < lowestNext || value > highestNext) {
      missingBytes = 0;
      out.append(REPLACEMENT);
      begin(value, out);
    } else {
      codePoint = (codePoint << 6) | (value & 0x3f);
      expect(missingBytes - 1, LOWEST_CONTINUATION, HIGHEST_CONTINUATION);
      if (missingBytes == 0) {
        out.appendCodePoint(codePoint);
      }
    }
  }

  /** Takes the first byte of a character; some of them allow fewer second bytes than others. */
  private void begin(int value, StringBuilder out) {
    if (value < 0x80) {
      out.append((char) value);
    } else if (value >= 0xc2 && value <= 0xdf) {
      codePoint = value & 0x1f;
      expect(1, LOWEST_CONTINUATION, HIGHEST_CONTINUATION);
    } else if (value >= 0xe0 && value <= 0xef) {
      codePoint = value & 0x0f;
      expect(
          2,
          value == 0xe0 ? 0xa0 : LOWEST_CONTINUATION,
          value == 0xed ? 0x9f : HIGHEST_CONTINUATION);
    } else if (value >= 0xf0 && value <= 0xf4) {
      codePoint = value & 0x07;
      expect(
          3,
          value == 0xf0 ? 0x90 : LOWEST_CONTINUATION,
          value == 0xf4 ? 0x8f : HIGHEST_CONTINUATION);
    } else {
      out.append(REPLACEMENT);
    }
  }

  private void expect(int bytes, int lowest, int highest) {
    missingBytes = bytes;
    lowestNext = lowest;
    highestNext = highest;
  }
}
