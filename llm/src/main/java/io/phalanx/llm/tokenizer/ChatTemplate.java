package io.phalanx.llm.tokenizer;

import java.util.List;
import java.util.Map;

/**
 * A model's own chat template (Jinja). Whatever stands in a message's text stays text: neither
 * template syntax nor special tokens in it are interpreted.
 */
public interface ChatTemplate {

  /**
   * Renders and encodes a chat, ready to be continued by the assistant.
   *
   * @param messages at least one message
   * @param variables further template variables such as {@code enable_thinking}
   * @return token ids: special tokens where the template wrote them, none from a message's text
   * @throws io.phalanx.runtime.error.ServingException {@code INVALID_REQUEST} with param {@code
   *     messages} if the template refuses the messages or takes too long or writes too much
   */
  int[] encode(List<ChatMessage> messages, Map<String, Object> variables);
}
