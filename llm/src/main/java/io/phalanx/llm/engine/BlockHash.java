package io.phalanx.llm.engine;

/**
 * What one full block of a sequence holds: 128 bits of a keyed hash over its tokens and all tokens
 * before it.
 */
record BlockHash(long high, long low) {
  @Override
  public int hashCode() {
    return (int) low;
  }
}
