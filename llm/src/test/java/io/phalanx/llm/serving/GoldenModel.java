package io.phalanx.llm.serving;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * A small random model of the test resources and the greedy tokens that {@code transformers} gave.
 *
 * @param directory the model's files
 * @param prompts what was asked and answered
 */
record GoldenModel(Path directory, List<Prompt> prompts) {

  /** A prompt and its greedy continuation. */
  @SuppressWarnings("ArrayRecordComponent") // never changed nor compared
  record Prompt(int[] tokenIds, List<Integer> greedyTokenIds) {}

  static GoldenModel load(String name) {
    Path directory = FakeModel.golden(name);
    try {
      JsonNode golden = new ObjectMapper().readTree(directory.resolve("golden.json").toFile());
      List<Prompt> prompts = new ArrayList<>();
      for (JsonNode prompt : golden.get("prompts")) {
        prompts.add(
            new Prompt(
                ints(prompt.get("promptTokenIds")).stream().mapToInt(i -> i).toArray(),
                ints(prompt.get("greedyTokenIds"))));
      }
      return new GoldenModel(directory, List.copyOf(prompts));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Integer> ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asInt).toList();
  }

  /** Returns the configuration of a small deployment of this model. */
  LlmConfigBuilder config(String modelId) {
    return LlmConfig.builder()
        .modelId(modelId)
        .modelSource(directory.toString())
        .acceleratorType("L4")
        .maxNumSeqs(16)
        .maxModelLen(512);
  }
}
