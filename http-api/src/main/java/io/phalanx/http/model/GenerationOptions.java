package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What both generating routes take besides the prompt; empty where the request is silent.
 *
 * @param maxTokens most tokens to generate
 * @param temperature 0 is greedy
 * @param topK keep the k likeliest tokens
 * @param topP keep the smallest set of likeliest tokens whose probability reaches this
 * @param minP drop tokens less likely than this share of the likeliest
 * @param seed seed of the draws
 * @param stop strings that end the text
 * @param stopTokenIds token ids that end the text
 * @param ignoreEos keep generating after the model's end tokens
 * @param cacheSalt only requests with the same salt share cached prefixes
 * @param priority requests with a lower one come first where the model's scheduling policy says so
 * @param choices how many answers to each prompt, {@code n}
 * @param streaming how to stream, or empty for one body
 */
public record GenerationOptions(
    Optional<Integer> maxTokens,
    Optional<Float> temperature,
    Optional<Integer> topK,
    Optional<Float> topP,
    Optional<Float> minP,
    Optional<Long> seed,
    List<String> stop,
    List<Integer> stopTokenIds,
    boolean ignoreEos,
    Optional<String> cacheSalt,
    int priority,
    int choices,
    Optional<Streaming> streaming) {

  /** The most answers to one prompt. */
  public static final int MAX_CHOICES = 128;

  private static final int MOST_STOP_CHARACTERS = 1000;
  private static final int MOST_STOP_TOKEN_IDS = 128;
  private static final int MOST_SALT_CHARACTERS = 1000;

  /**
   * How a streamed answer shows usage.
   *
   * @param includeUsage a last chunk has the usage
   * @param continuousUsage every chunk has the usage so far
   */
  public record Streaming(boolean includeUsage, boolean continuousUsage) {}

  static GenerationOptions read(JsonFields fields) {
    Optional<Integer> maxTokens =
        fields.integer("max_completion_tokens").or(() -> fields.integer("max_tokens"));
    return new GenerationOptions(
        maxTokens,
        fields.number("temperature"),
        fields.integer("top_k"),
        fields.number("top_p"),
        fields.number("min_p"),
        fields.longInteger("seed"),
        readStop(fields),
        readStopTokenIds(fields),
        fields.bool("ignore_eos").orElse(false),
        readCacheSalt(fields),
        fields.integer("priority").orElse(0),
        readChoices(fields),
        readStreaming(fields));
  }

  /**
   * Returns the sampling parameters: the request's own values, else the model's recommendations,
   * else OpenAI's defaults.
   *
   * @param tokens most tokens to generate
   * @param drawSeed seed of the draws
   */
  public SamplingParams sampling(GenerationDefaults defaults, int tokens, long drawSeed) {
    return new SamplingParams(
        tokens,
        temperature.or(() -> Optional.ofNullable(defaults.temperature())).orElse(1f),
        topK.or(() -> Optional.ofNullable(defaults.topK())).orElse(-1),
        topP.or(() -> Optional.ofNullable(defaults.topP())).orElse(1f),
        minP.or(() -> Optional.ofNullable(defaults.minP())).orElse(0f),
        drawSeed,
        stop,
        stopTokenIds,
        ignoreEos);
  }

  private static List<String> readStop(JsonFields fields) {
    JsonNode node = fields.find("stop");
    if (node == null) {
      return List.of();
    }
    List<String> stop = new ArrayList<>();
    if (node.isTextual()) {
      stop.add(JsonFields.text("stop", node));
    } else if (!node.isArray()) {
      throw JsonFields.wrong("stop", node, "a string or a list of strings");
    } else {
      JsonFields.array("stop", node, SamplingParams.MAX_STOP_STRINGS)
          .forEach(element -> stop.add(JsonFields.text("stop", element)));
    }
    if (stop.stream().anyMatch(text -> text.length() > MOST_STOP_CHARACTERS)) {
      throw ServingException.invalidParam(
          "stop", "stop has a string of more than " + MOST_STOP_CHARACTERS + " characters.");
    }
    return stop;
  }

  private static List<Integer> readStopTokenIds(JsonFields fields) {
    List<Integer> ids = new ArrayList<>();
    fields
        .array("stop_token_ids", MOST_STOP_TOKEN_IDS)
        .ifPresent(list -> list.forEach(id -> ids.add(JsonFields.integer("stop_token_ids", id))));
    return ids;
  }

  private static Optional<String> readCacheSalt(JsonFields fields) {
    Optional<String> salt = fields.string("cache_salt");
    if (salt.isPresent() && (salt.get().isEmpty() || salt.get().length() > MOST_SALT_CHARACTERS)) {
      throw ServingException.invalidParam(
          "cache_salt",
          "cache_salt has "
              + salt.get().length()
              + " characters; it must have 1 to "
              + MOST_SALT_CHARACTERS
              + ".");
    }
    return salt;
  }

  private static int readChoices(JsonFields fields) {
    int n = fields.integer("n").orElse(1);
    if (n < 1 || n > MAX_CHOICES) {
      throw ServingException.invalidParam(
          "n", "n is " + n + "; it must be from 1 to " + MAX_CHOICES + ".");
    }
    return n;
  }

  private static Optional<Streaming> readStreaming(JsonFields fields) {
    boolean stream = fields.bool("stream").orElse(false);
    JsonNode options = fields.find("stream_options");
    if (!stream) {
      if (options != null) {
        throw ServingException.invalidParam(
            "stream_options", "stream_options is only allowed where stream is true.");
      }
      return Optional.empty();
    }
    if (options == null) {
      return Optional.of(new Streaming(false, false));
    }
    JsonFields nested = JsonFields.of(options, "stream_options");
    boolean continuous = nested.bool("continuous_usage_stats").orElse(false);
    boolean include = nested.bool("include_usage").orElse(false);
    return Optional.of(new Streaming(include, include && continuous));
  }
}
