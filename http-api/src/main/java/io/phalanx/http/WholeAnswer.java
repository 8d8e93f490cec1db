package io.phalanx.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.http.model.Usage;
import java.util.List;
import java.util.stream.Stream;

/** The one body of a request that is not streamed; belongs to one stream. */
final class WholeAnswer {
  private final GenerationPlan plan;
  private final Answer answer;
  private final List<StringBuilder> texts;

  WholeAnswer(GenerationPlan plan) {
    this.plan = plan;
    this.answer = new Answer(plan);
    this.texts = Stream.generate(StringBuilder::new).limit(plan.requests().size()).toList();
  }

  /** Takes the next event. */
  WholeAnswer add(ChoiceEvent choiceEvent) {
    answer.add(choiceEvent);
    texts.get(choiceEvent.choice()).append(choiceEvent.event().text());
    return this;
  }

  /**
   * Returns the body.
   *
   * @throws io.phalanx.runtime.error.ServingException {@code REPLICA_FAILED} if a choice has not
   *     ended
   */
  String toJson() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("id", plan.id());
    body.put("object", plan.kind().objectName());
    body.put("created", plan.createdEpochSeconds());
    body.put("model", plan.model().modelId());
    ArrayNode choices = body.putArray("choices");
    for (int choice = 0; choice < texts.size(); choice++) {
      putChoice(choices.addObject(), choice);
    }
    putUsage(body.putObject("usage"), answer.usage());
    return body.toString();
  }

  private void putChoice(ObjectNode node, int choice) {
    node.put("index", choice);
    String text = texts.get(choice).toString();
    if (plan.kind() == AnswerKind.CHAT) {
      ObjectNode message = node.putObject("message");
      message.put("role", "assistant");
      message.put("content", text);
      message.putNull("refusal");
    } else {
      node.put("text", text);
    }
    node.putNull("logprobs");
    node.put("finish_reason", answer.finishReason(choice).openAiName());
  }

  private static void putUsage(ObjectNode node, Usage usage) {
    node.put("prompt_tokens", usage.promptTokens());
    node.put("completion_tokens", usage.completionTokens());
    node.put("total_tokens", usage.totalTokens());
    node.putObject("prompt_tokens_details").put("cached_tokens", usage.cachedTokens());
  }
}
