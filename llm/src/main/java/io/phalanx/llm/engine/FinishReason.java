package io.phalanx.llm.engine;

import java.util.Locale;

/** Why a sequence ended. */
public enum FinishReason {
  /** An end-of-sequence token, a stop token id or a stop string came. */
  STOP,
  /** {@code max-tokens} or the model's context length is reached. */
  LENGTH,
  /** The request was cancelled. */
  ABORT;

  /** Returns the name in OpenAI responses: {@code stop}, {@code length} or {@code abort}. */
  public String openAiName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
