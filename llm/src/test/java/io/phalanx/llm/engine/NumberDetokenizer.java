package io.phalanx.llm.engine;

import io.phalanx.llm.tokenizer.IncrementalDetokenizer;

/** Writes each token id as a number and a comma. */
public final class NumberDetokenizer implements IncrementalDetokenizer {

  @Override
  public String append(int tokenId) {
    return tokenId + ",";
  }

  @Override
  public String finish() {
    return "";
  }
}
