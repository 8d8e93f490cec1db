package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.llm.tokenizer.ChatMessage;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The body of {@code POST /v1/chat/completions}.
 *
 * @param model the model's id; empty where the only model is meant
 * @param messages at least one message
 * @param templateVariables further variables for the chat template, from {@code
 *     chat_template_kwargs}
 * @param options how to generate
 */
public record ChatCompletionRequest(
    Optional<String> model,
    List<ChatMessage> messages,
    Map<String, Object> templateVariables,
    GenerationOptions options) {

  private static final int MOST_MESSAGES = 10_000;
  private static final int MOST_PARTS = 10_000;
  private static final int MOST_VARIABLES = 32;
  private static final int MOST_VARIABLE_CHARACTERS = 1000;
  private static final Pattern VARIABLE_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,63}");
  private static final Set<String> RESERVED_VARIABLES =
      Set.of("messages", "add_generation_prompt", "bos_token", "eos_token", "tools", "documents");

  private static final Set<String> FIELDS =
      SupportedFields.with(
          "messages", "max_completion_tokens", "chat_template_kwargs", "parallel_tool_calls");

  /** Copies the collections. */
  public ChatCompletionRequest {
    messages = List.copyOf(messages);
    templateVariables = Map.copyOf(templateVariables);
  }

  /**
   * Reads and checks a request.
   *
   * @throws ServingException {@code INVALID_REQUEST} whose param is the field that is wrong
   */
  public static ChatCompletionRequest read(ObjectNode body) {
    JsonFields fields = new JsonFields(body, "");
    UnsupportedFields.check(fields, FIELDS);
    return new ChatCompletionRequest(
        fields.string("model"),
        readMessages(fields),
        readVariables(fields),
        GenerationOptions.read(fields));
  }

  private static List<ChatMessage> readMessages(JsonFields fields) {
    JsonNode list =
        fields
            .array("messages", MOST_MESSAGES)
            .filter(node -> !node.isEmpty())
            .orElseThrow(
                () ->
                    ServingException.invalidParam(
                        "messages", "messages is missing or empty; it must have a message."));
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode element : list) {
      String param = "messages[" + messages.size() + "]";
      messages.add(readMessage(JsonFields.of(element, param)));
    }
    return messages;
  }

  private static ChatMessage readMessage(JsonFields message) {
    for (String name : List.of("tool_calls", "function_call", "audio")) {
      JsonNode value = message.find(name);
      if (value != null && !(value.isArray() && value.isEmpty())) {
        throw ServingException.invalidParam(
            message.param(name), message.param(name) + " is not supported yet; leave it out.");
      }
    }
    return new ChatMessage(readRole(message), readContent(message));
  }

  private static String readRole(JsonFields message) {
    String role = message.string("role").orElse("");
    return switch (role) {
      case "system", "user", "assistant" -> role;
      case "developer" -> "system";
      default ->
          throw ServingException.invalidParam(
              message.param("role"),
              message.param("role")
                  + " is \""
                  + role.substring(0, Math.min(role.length(), 40))
                  + "\"; it must be system, developer, user or assistant.");
    };
  }

  private static String readContent(JsonFields message) {
    String param = message.param("content");
    JsonNode content = message.find("content");
    if (content == null) {
      throw ServingException.invalidParam(
          param, param + " is missing or null; it must be a string or a list of text parts.");
    }
    if (content.isTextual()) {
      return JsonFields.text(param, content);
    }
    if (!content.isArray()) {
      throw JsonFields.wrong(param, content, "a string or a list of text parts");
    }
    List<String> parts = new ArrayList<>();
    for (JsonNode part : JsonFields.array(param, content, MOST_PARTS)) {
      parts.add(readPart(JsonFields.of(part, param + "[" + parts.size() + "]")));
    }
    return String.join("\n", parts);
  }

  private static String readPart(JsonFields part) {
    String type = part.string("type").orElse("");
    if (!type.equals("text")) {
      throw ServingException.invalidParam(
          part.param("type"),
          part.param("type") + " must be \"text\"; other content is not supported.");
    }
    return part.string("text")
        .orElseThrow(
            () ->
                ServingException.invalidParam(
                    part.param("text"), part.param("text") + " is missing; it must be a string."));
  }

  private static Map<String, Object> readVariables(JsonFields fields) {
    JsonNode node = fields.find("chat_template_kwargs");
    if (node == null) {
      return Map.of();
    }
    JsonFields variables = JsonFields.of(node, "chat_template_kwargs");
    if (variables.names().size() > MOST_VARIABLES) {
      throw ServingException.invalidParam(
          "chat_template_kwargs",
          "chat_template_kwargs may have at most " + MOST_VARIABLES + " entries.");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (String name : variables.names()) {
      JsonNode value = variables.find(name);
      if (value != null) {
        values.put(name, readVariable(variables.param(name), name, value));
      }
    }
    return values;
  }

  private static Object readVariable(String param, String name, JsonNode value) {
    if (!VARIABLE_NAME.matcher(name).matches() || RESERVED_VARIABLES.contains(name)) {
      throw ServingException.invalidParam(
          "chat_template_kwargs", param + " is not a variable that a request may set.");
    }
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      return value.longValue();
    }
    if (value.isNumber() && Double.isFinite(value.doubleValue())) {
      return value.doubleValue();
    }
    if (value.isTextual() && value.textValue().length() <= MOST_VARIABLE_CHARACTERS) {
      return JsonFields.text(param, value);
    }
    throw JsonFields.wrong(
        param,
        value,
        "a boolean, a number or a string of at most " + MOST_VARIABLE_CHARACTERS + " characters");
  }
}
