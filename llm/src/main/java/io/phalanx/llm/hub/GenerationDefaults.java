package io.phalanx.llm.hub;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model's {@code generation_config.json} says about sampling; null where it is silent.
 *
 * @param eosTokenIds the ids that end a sequence
 * @param temperature 0 is greedy
 * @param topK keep the k likeliest tokens
 * @param topP keep the smallest set of likeliest tokens whose probability reaches this
 * @param minP drop tokens less likely than this share of the likeliest
 */
public record GenerationDefaults(
    List<Integer> eosTokenIds,
    @Nullable Float temperature,
    @Nullable Integer topK,
    @Nullable Float topP,
    @Nullable Float minP) {

  /** Copies the ids. */
  public GenerationDefaults {
    eosTokenIds = List.copyOf(eosTokenIds);
  }
}
