package io.phalanx.http.model;

/**
 * How many tokens a request took.
 *
 * @param promptTokens tokens of all prompts
 * @param completionTokens tokens generated over all choices
 * @param cachedTokens those of {@code promptTokens} that were found in the prefix cache
 */
public record Usage(long promptTokens, long completionTokens, long cachedTokens) {

  /** Returns prompt and answer together. */
  public long totalTokens() {
    return promptTokens + completionTokens;
  }

  /** Returns the {@code usage} object of OpenAI's responses. */
  public String toJson() {
    return "{\"prompt_tokens\":"
        + promptTokens
        + ",\"completion_tokens\":"
        + completionTokens
        + ",\"total_tokens\":"
        + totalTokens()
        + ",\"prompt_tokens_details\":{\"cached_tokens\":"
        + cachedTokens
        + "}}";
  }
}
