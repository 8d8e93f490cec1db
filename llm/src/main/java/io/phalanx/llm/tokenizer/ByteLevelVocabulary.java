package io.phalanx.llm.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of each token of a byte-level tokenizer, where every byte is written as one visible
 * character: the printable bytes of Latin-1 as themselves, the others from U+0100 on.
 */
final class ByteLevelVocabulary {
  private static final byte[] NOTHING = {};
  private static final int MAX_TOKENS = 1 << 24;
  private static final int[] BYTE_OF_CHARACTER = byteOfCharacter();

  private final byte[][] bytesOfToken;

  private ByteLevelVocabulary(byte[][] bytesOfToken) {
    this.bytesOfToken = bytesOfToken;
  }

  /** Returns the bytes of a token: none for a special token, or an id that is no token. */
  byte[] bytes(int tokenId) {
    return tokenId >= 0 && tokenId < bytesOfToken.length ? bytesOfToken[tokenId] : NOTHING;
  }

  /** Returns the number of tokens: the largest id + 1. */
  int size() {
    return bytesOfToken.length;
  }

  private static int[] byteOfCharacter() {
    int[] bytes = new int[0x200];
    Arrays.fill(bytes, -1);
    int next = 0x100;
    for (int b = 0; b < 0x100; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xff && b != 0xad);
      bytes[printable ? b : next++] = b;
    }
    return bytes;
  }

  /** Returns the bytes that the characters stand for; text of any other kind is UTF-8. */
  private static byte[] bytes(String token) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = token.charAt(i);
      int value = c < BYTE_OF_CHARACTER.length ? BYTE_OF_CHARACTER[c] : -1;
      if (value < 0) {
        return token.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) value;
    }
    return bytes;
  }

  /** Collects the tokens of a vocabulary; what is said last of an id holds. */
  static final class Builder {
    private final List<byte[]> bytesOfToken = new ArrayList<>();

    void token(int id, String token) {
      set(id, bytes(token));
    }

    void special(int id) {
      set(id, NOTHING);
    }

    private void set(int id, byte[] bytes) {
      if (id < 0 || id >= MAX_TOKENS) {
        throw new IllegalArgumentException("a token has the id " + id);
      }
      while (bytesOfToken.size() <= id) {
        bytesOfToken.add(NOTHING);
      }
      bytesOfToken.set(id, bytes);
    }

    ByteLevelVocabulary build() {
      return new ByteLevelVocabulary(bytesOfToken.toArray(byte[][]::new));
    }
  }
}
