package io.phalanx.llm.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.llm.tokenizer.jinja.Template;
import io.phalanx.llm.tokenizer.jinja.TemplateException;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds and loads the chat template of a model. */
public final class ChatTemplates {
  private static final String DEFAULT = "default";
  private static final String TOOL_USE = "tool_use";
  private static final String TEMPLATE_FILE = "chat_template.jinja";
  private static final String CONFIG_FILE = "tokenizer_config.json";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SPECIAL_TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private ChatTemplates() {}

  /**
   * Loads {@code chat_template.jinja}, or else the {@code chat_template} of {@code
   * tokenizer_config.json}, from a model's directory.
   *
   * @return empty if the model has none (a base model)
   * @throws ServingException {@code INVALID_MODEL} if the template cannot be parsed
   */
  public static Optional<ChatTemplate> load(Path directory, HuggingFaceTokenizer tokenizer) {
    return load(directory, tokenizer, Clock.system(ZoneId.systemDefault()));
  }

  static Optional<ChatTemplate> load(Path directory, HuggingFaceTokenizer tokenizer, Clock clock) {
    Path configFile = directory.resolve(CONFIG_FILE);
    JsonNode config = readJson(configFile);
    Map<String, Template> templates = new HashMap<>();
    Path file = directory.resolve(TEMPLATE_FILE);
    sources(config.path("chat_template"))
        .forEach((name, source) -> templates.put(name, parse(source, name, configFile, clock)));
    if (Files.isRegularFile(file)) {
      templates.put(DEFAULT, parse(readText(file), DEFAULT, file, clock));
    }
    Template template = templates.get(DEFAULT);
    if (template == null) {
      return Optional.empty();
    }
    Template toolTemplate = templates.getOrDefault(TOOL_USE, template);
    return Optional.of(
        new JinjaChatTemplate(template, toolTemplate, specialTokens(config), tokenizer));
  }

  private static Map<String, String> sources(JsonNode template) {
    if (template.isTextual()) {
      return Map.of(DEFAULT, template.asText());
    }
    Map<String, String> sources = new LinkedHashMap<>();
    for (JsonNode named : template) {
      sources.put(named.path("name").asText(), named.path("template").asText());
    }
    return sources;
  }

  private static Map<String, String> specialTokens(JsonNode config) {
    Map<String, String> tokens = new HashMap<>();
    for (String name : SPECIAL_TOKENS) {
      JsonNode token = config.path(name);
      String content = token.isTextual() ? token.asText() : token.path("content").asText();
      if (!content.isEmpty()) {
        tokens.put(name, content);
      }
    }
    return tokens;
  }

  private static Template parse(String source, String name, Path file, Clock clock) {
    try {
      return Template.parse(source, clock);
    } catch (TemplateException e) {
      throw invalid(file, "has a chat template [" + name + "] that is wrong: " + e.reason(), e);
    }
  }

  private static JsonNode readJson(Path file) {
    if (!Files.isRegularFile(file)) {
      return JSON.createObjectNode();
    }
    try {
      return JSON.readTree(file.toFile());
    } catch (IOException e) {
      throw invalid(file, "cannot be read as JSON: " + e.getMessage(), e);
    }
  }

  private static String readText(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw invalid(file, "cannot be read: " + e.getMessage(), e);
    }
  }

  private static ServingException invalid(Path file, String problem, Exception cause) {
    return new ServingException(ErrorCode.INVALID_MODEL, file + " " + problem, cause);
  }
}
