package io.phalanx.llm.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a model's makers recommend for generation: its {@code generation_config.json}, with the end
 * tokens of {@code config.json} besides; null where both are silent.
 *
 * @param eosTokenIds the ids that end a sequence
 * @param temperature 0 is greedy, also where the model says {@code do_sample: false}
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

  private static final ObjectMapper JSON = new ObjectMapper();

  /** Copies the ids. */
  public GenerationDefaults {
    eosTokenIds = List.copyOf(eosTokenIds);
  }

  /**
   * Reads the defaults of the model in {@code directory}; neither file needs to be there.
   *
   * @throws ServingException {@code INVALID_MODEL} if a file is there and is not a JSON object
   */
  public static GenerationDefaults load(Path directory) {
    JsonNode generation = read(directory.resolve("generation_config.json"));
    JsonNode config = read(directory.resolve("config.json"));
    Set<Integer> eos = new LinkedHashSet<>();
    addIds(eos, generation.path("eos_token_id"));
    addIds(eos, config.path("eos_token_id"));
    boolean greedy = generation.has("do_sample") && !generation.path("do_sample").asBoolean();
    return new GenerationDefaults(
        List.copyOf(eos),
        greedy ? Float.valueOf(0) : floatOf(generation, "temperature"),
        intOf(generation, "top_k"),
        floatOf(generation, "top_p"),
        floatOf(generation, "min_p"));
  }

  private static void addIds(Set<Integer> ids, JsonNode node) {
    if (node.isArray()) {
      node.forEach(element -> addIds(ids, element));
    } else if (node.isIntegralNumber()) {
      ids.add(node.asInt());
    }
  }

  private static @Nullable Float floatOf(JsonNode node, String key) {
    JsonNode value = node.path(key);
    return value.isNumber() ? Float.valueOf(value.floatValue()) : null;
  }

  private static @Nullable Integer intOf(JsonNode node, String key) {
    JsonNode value = node.path(key);
    return value.isIntegralNumber() ? Integer.valueOf(value.intValue()) : null;
  }

  private static JsonNode read(Path file) {
    if (!Files.isRegularFile(file)) {
      return JSON.createObjectNode();
    }
    try {
      JsonNode node = JSON.readTree(file.toFile());
      if (node.isObject()) {
        return node;
      }
      throw new ServingException(ErrorCode.INVALID_MODEL, file + " is not a JSON object.");
    } catch (IOException e) {
      throw new ServingException(
          ErrorCode.INVALID_MODEL, file + " is not readable as JSON: " + e.getMessage(), e);
    }
  }
}
