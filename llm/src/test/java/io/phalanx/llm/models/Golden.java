package io.phalanx.llm.models;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;

/**
 * What the reference computes for a small model; {@code src/test/golden/README.md} describes it.
 *
 * @param relativeTolerance of logits, relative to the largest of their row
 * @param prompts with their continuations
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Golden(double relativeTolerance, List<Prompt> prompts) {

  /** The models that have a {@code golden.json}. */
  public static final List<String> MODELS =
      List.of("llama-tiny", "llama-untied", "qwen3-tiny", "qwen2-tiny", "mistral-tiny");

  /** A prompt, its 64 greedy tokens, and the logits that some of them were chosen from. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  @SuppressWarnings("ArrayRecordComponent") // never changed or compared
  public record Prompt(int[] promptTokenIds, int[] greedyTokenIds, List<Logits> logits) {}

  /** The logits that token {@code step} was chosen from. */
  @SuppressWarnings("ArrayRecordComponent") // never changed or compared
  public record Logits(int step, float[] values) {}

  /** Returns the directory of a model of the test resources. */
  public static Path directory(String model) {
    try {
      return Path.of(Golden.class.getResource("/golden/" + model).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads a model's {@code golden.json}. */
  public static Golden read(String model) {
    try {
      return new JsonMapper()
          .readValue(directory(model).resolve("golden.json").toFile(), Golden.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
