package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The body of {@code POST /v1/completions}.
 *
 * @param model the model's id; empty where the only model is meant
 * @param prompts at least one prompt
 * @param options how to generate
 */
public record CompletionRequest(
    Optional<String> model, List<Prompt> prompts, GenerationOptions options) {

  private static final Set<String> FIELDS = SupportedFields.with("prompt");

  /** One prompt: text or token ids. */
  public sealed interface Prompt {}

  /** A prompt as text, not empty. */
  public record Text(String text) implements Prompt {}

  /** A prompt as token ids, at least one; whether the model has them is not checked here. */
  @SuppressWarnings("ArrayRecordComponent") // never changed, never compared
  public record TokenIds(int[] ids) implements Prompt {}

  /** Copies the list. */
  public CompletionRequest {
    prompts = List.copyOf(prompts);
  }

  /**
   * Reads and checks a request.
   *
   * @throws ServingException {@code INVALID_REQUEST} whose param is the field that is wrong
   */
  public static CompletionRequest read(ObjectNode body) {
    JsonFields fields = new JsonFields(body, "");
    UnsupportedFields.check(fields, FIELDS);
    return new CompletionRequest(
        fields.string("model"), readPrompts(fields), GenerationOptions.read(fields));
  }

  private static List<Prompt> readPrompts(JsonFields fields) {
    JsonNode node = fields.find("prompt");
    if (node == null) {
      throw ServingException.invalidParam("prompt", "prompt is missing; it must be given.");
    }
    if (node.isTextual()) {
      return List.of(readText(node));
    }
    if (!node.isArray()) {
      throw JsonFields.wrong("prompt", node, "a string, a list of token ids, or a list of those");
    }
    if (node.path(0).isNumber()) {
      return List.of(readTokenIds(node));
    }
    return readList(JsonFields.array("prompt", node, GenerationOptions.MAX_CHOICES));
  }

  private static List<Prompt> readList(JsonNode list) {
    if (list.isEmpty()) {
      throw empty();
    }
    List<Prompt> prompts = new ArrayList<>();
    for (JsonNode element : list) {
      prompts.add(element.isArray() ? readTokenIds(element) : readText(element));
    }
    return prompts;
  }

  private static Text readText(JsonNode node) {
    String text = JsonFields.text("prompt", node);
    if (text.isEmpty()) {
      throw empty();
    }
    return new Text(text);
  }

  private static TokenIds readTokenIds(JsonNode list) {
    if (list.isEmpty()) {
      throw empty();
    }
    int[] ids = new int[list.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = JsonFields.integer("prompt", list.get(i));
    }
    return new TokenIds(ids);
  }

  private static ServingException empty() {
    return ServingException.invalidParam("prompt", "prompt is empty; it must have a token.");
  }
}
