package io.phalanx.http.model;

import com.fasterxml.jackson.databind.JsonNode;
import io.phalanx.runtime.error.ServingException;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The fields of OpenAI's and vLLM's requests that Phalanx does not act on.
 *
 * <p>A field that would change the answer is refused unless it has its neutral value; any other
 * unknown field ({@code user}, {@code metadata}, {@code store}, ...) is ignored and logged at
 * DEBUG.
 */
final class UnsupportedFields {
  private static final Logger LOG = LoggerFactory.getLogger(UnsupportedFields.class);

  /** The values of a field that ask for nothing special. */
  private enum Neutral {
    NONE,
    ZERO,
    ONE,
    FALSE,
    TRUE,
    EMPTY,
    NO_TOOL,
    PLAIN_TEXT,
    TEXT_ONLY;

    boolean accepts(JsonNode node) {
      return switch (this) {
        case NONE -> false;
        case ZERO -> node.isNumber() && node.asDouble() == 0;
        case ONE -> node.isNumber() && node.asDouble() == 1;
        case FALSE -> node.isBoolean() && !node.booleanValue();
        case TRUE -> node.isBoolean() && node.booleanValue();
        case EMPTY -> node.isTextual() ? text(node).isEmpty() : isEmptyContainer(node);
        case NO_TOOL -> text(node).equals("none") || text(node).equals("auto");
        case PLAIN_TEXT -> node.size() == 1 && text(node.path("type")).equals("text");
        case TEXT_ONLY -> node.size() == 1 && text(node.path(0)).equals("text");
      };
    }

    private static boolean isEmptyContainer(JsonNode node) {
      return node.isContainerNode() && node.isEmpty();
    }

    private static String text(JsonNode node) {
      return node.isTextual() ? node.textValue() : "";
    }
  }

  /** Field to its neutral values. */
  private static final Map<String, Neutral> NEUTRAL =
      Map.ofEntries(
          Map.entry("presence_penalty", Neutral.ZERO),
          Map.entry("frequency_penalty", Neutral.ZERO),
          Map.entry("repetition_penalty", Neutral.ONE),
          Map.entry("length_penalty", Neutral.ONE),
          Map.entry("min_tokens", Neutral.ZERO),
          Map.entry("best_of", Neutral.ONE),
          Map.entry("use_beam_search", Neutral.FALSE),
          Map.entry("logit_bias", Neutral.EMPTY),
          Map.entry("logprobs", Neutral.FALSE),
          Map.entry("top_logprobs", Neutral.ZERO),
          Map.entry("prompt_logprobs", Neutral.NONE),
          Map.entry("echo", Neutral.FALSE),
          Map.entry("suffix", Neutral.EMPTY),
          Map.entry("tools", Neutral.EMPTY),
          Map.entry("tool_choice", Neutral.NO_TOOL),
          Map.entry("functions", Neutral.EMPTY),
          Map.entry("function_call", Neutral.NO_TOOL),
          Map.entry("response_format", Neutral.PLAIN_TEXT),
          Map.entry("structured_outputs", Neutral.NONE),
          Map.entry("guided_json", Neutral.NONE),
          Map.entry("guided_regex", Neutral.NONE),
          Map.entry("guided_choice", Neutral.NONE),
          Map.entry("guided_grammar", Neutral.NONE),
          Map.entry("allowed_token_ids", Neutral.NONE),
          Map.entry("bad_words", Neutral.EMPTY),
          Map.entry("include_stop_str_in_output", Neutral.FALSE),
          Map.entry("skip_special_tokens", Neutral.TRUE),
          Map.entry("truncate_prompt_tokens", Neutral.NONE),
          Map.entry("prompt_embeds", Neutral.NONE),
          Map.entry("chat_template", Neutral.NONE),
          Map.entry("documents", Neutral.EMPTY),
          Map.entry("add_generation_prompt", Neutral.TRUE),
          Map.entry("continue_final_message", Neutral.FALSE),
          Map.entry("modalities", Neutral.TEXT_ONLY),
          Map.entry("audio", Neutral.NONE),
          Map.entry("reasoning_effort", Neutral.NONE),
          Map.entry("verbosity", Neutral.NONE),
          Map.entry("web_search_options", Neutral.NONE));

  private UnsupportedFields() {}

  /**
   * Refuses what would change the answer.
   *
   * @param supported the fields that the route reads
   */
  static void check(JsonFields fields, Set<String> supported) {
    for (String name : fields.names()) {
      JsonNode value = fields.find(name);
      if (value == null || supported.contains(name)) {
        continue;
      }
      Neutral neutral = NEUTRAL.get(name);
      if (neutral == null) {
        LOG.debug("Request field [{}] is not known and is ignored", name);
      } else if (!neutral.accepts(value)) {
        throw ServingException.invalidParam(name, name + " is not supported yet; leave it out.");
      }
    }
  }
}
