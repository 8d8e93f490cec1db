package io.phalanx.llm.tokenizer;

import io.phalanx.llm.tokenizer.jinja.Limits;
import io.phalanx.llm.tokenizer.jinja.Template;
import io.phalanx.llm.tokenizer.jinja.TemplateException;
import io.phalanx.llm.tokenizer.jinja.Text;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A {@link ChatTemplate} in Jinja, rendered and encoded with the model's tokenizer. */
final class JinjaChatTemplate implements ChatTemplate {
  /**
   * Roles that a template may make into a special token, such as {@code <|user|>}; any other role
   * is a user's text.
   */
  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function", "ipython");

  private final Template template;
  private final Template toolTemplate;
  private final Map<String, String> specialTokens;
  private final HuggingFaceTokenizer tokenizer;

  /** Creates a template; {@code toolTemplate} is used for requests that have tools. */
  JinjaChatTemplate(
      Template template,
      Template toolTemplate,
      Map<String, String> specialTokens,
      HuggingFaceTokenizer tokenizer) {
    this.template = template;
    this.toolTemplate = toolTemplate;
    this.specialTokens = Map.copyOf(specialTokens);
    this.tokenizer = tokenizer;
  }

  @Override
  public int[] encode(List<ChatMessage> messages, Map<String, Object> variables) {
    return tokenizer.encode(render(messages, variables));
  }

  /** Renders a chat that the assistant is to continue. */
  Text render(List<ChatMessage> messages, Map<String, Object> variables) {
    Map<String, Object> all = new HashMap<>();
    all.put("tools", null);
    all.put("documents", null);
    all.put("add_generation_prompt", true);
    all.putAll(variables);
    all.put("messages", messages.stream().map(JinjaChatTemplate::values).toList());
    try {
      Template fitting = all.get("tools") == null ? template : toolTemplate;
      return fitting.render(specialTokens, all, Limits.forInput(length(all)));
    } catch (TemplateException e) {
      throw ServingException.invalidParam(
          "messages", "The model's chat template refuses these messages: " + e.reason() + ".");
    }
  }

  private static Map<String, Object> values(ChatMessage message) {
    Map<String, Object> values = new LinkedHashMap<>();
    boolean known = ROLES.contains(message.role());
    values.put("role", known ? Text.ofTemplate(message.role()) : Text.ofUser(message.role()));
    values.put("content", Text.ofUser(message.content()));
    return values;
  }

  private static long length(Object value) {
    if (value instanceof Map<?, ?> map) {
      List<Object> parts = new ArrayList<>(map.keySet());
      parts.addAll(map.values());
      return length(parts);
    }
    if (value instanceof List<?> list) {
      return list.stream().mapToLong(JinjaChatTemplate::length).sum();
    }
    return value instanceof Text text ? text.length() : String.valueOf(value).length();
  }
}
