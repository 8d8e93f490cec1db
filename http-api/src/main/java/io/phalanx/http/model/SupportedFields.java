package io.phalanx.http.model;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The fields that both generating routes read. */
final class SupportedFields {
  private static final List<String> COMMON =
      List.of(
          "model",
          "max_tokens",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "seed",
          "stop",
          "stop_token_ids",
          "ignore_eos",
          "cache_salt",
          "priority",
          "stream",
          "stream_options",
          "n",
          "user");

  private SupportedFields() {}

  /** Returns the common fields and these. */
  static Set<String> with(String... further) {
    Set<String> fields = new HashSet<>(COMMON);
    fields.addAll(List.of(further));
    return Set.copyOf(fields);
  }
}
