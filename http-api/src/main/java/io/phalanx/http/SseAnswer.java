package io.phalanx.http;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.phalanx.http.model.ErrorBody;
import io.phalanx.http.model.GenerationOptions.Streaming;
import io.phalanx.llm.engine.FinishReason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/**
 * The server-sent events of one request; belongs to one stream.
 *
 * <p>There is one event for each token, even if its text is empty, then one with the finish reason
 * for each choice, the usage if it was asked for, and {@code [DONE]}. A failure is an event with an
 * error, and nothing after it. No event has an id: with one, clients would take a heartbeat for an
 * empty event.
 */
final class SseAnswer {
  /** What is sent in times of silence: a comment. */
  static final ByteString HEARTBEAT = ByteString.fromString(": waiting\n\n");

  private static final JsonStringEncoder ENCODER = JsonStringEncoder.getInstance();
  private static final byte[] DONE = utf8("data: [DONE]\n\n");

  private final Answer answer;
  private final Streaming streaming;
  private final byte[] head;
  private final byte[][] choiceHeads;
  private final byte[] firstText;
  private final byte[] text;
  private final byte[] afterText;
  private final byte[] finish;
  private final byte[] tail;

  SseAnswer(GenerationPlan plan, Streaming streaming) {
    this.answer = new Answer(plan);
    this.streaming = streaming;
    boolean chat = plan.kind() == AnswerKind.CHAT;
    String opening = head(plan);
    this.head = utf8(opening);
    this.choiceHeads = new byte[plan.requests().size()][];
    Arrays.setAll(choiceHeads, choice -> utf8(opening + "{\"index\":" + choice));
    this.firstText =
        utf8(chat ? ",\"delta\":{\"role\":\"assistant\",\"content\":\"" : ",\"text\":\"");
    this.text = utf8(chat ? ",\"delta\":{\"content\":\"" : ",\"text\":\"");
    String close = chat ? "\"}" : "\"";
    this.afterText = utf8(close + ",\"logprobs\":null,\"finish_reason\":null}]");
    this.finish = utf8((chat ? ",\"delta\":{}" : ",\"text\":\"\"") + ",\"logprobs\":null");
    this.tail = utf8(streaming.includeUsage() ? ",\"usage\":null}\n\n" : "}\n\n");
  }

  private static String head(GenerationPlan plan) {
    return "data: {\"id\":\""
        + plan.id()
        + "\",\"object\":\""
        + plan.kind().chunkObjectName()
        + "\",\"created\":"
        + plan.createdEpochSeconds()
        + ",\"model\":\""
        + String.valueOf(ENCODER.quoteAsString(plan.model().modelId()))
        + "\",\"choices\":[";
  }

  /** Writes the events of one token, the finish of its choice included. */
  void onEvent(ChoiceEvent choiceEvent, ByteStringBuilder bytes) {
    boolean first = answer.add(choiceEvent);
    String added = choiceEvent.event().text();
    FinishReason reason = choiceEvent.event().finishReason();
    if (reason == null || first || !added.isEmpty()) {
      putToken(bytes, choiceEvent.choice(), first, added);
    }
    if (reason != null) {
      putFinish(bytes, choiceEvent.choice(), reason);
    }
  }

  /**
   * Writes the events after the last token.
   *
   * @throws io.phalanx.runtime.error.ServingException {@code REPLICA_FAILED} if a choice has not
   *     ended
   */
  void onEnd(ByteStringBuilder bytes) {
    answer.requireFinished();
    if (streaming.includeUsage()) {
      bytes.putBytes(head);
      bytes.putBytes(utf8("],\"usage\":" + answer.usage().toJson() + "}\n\n"));
    }
    bytes.putBytes(DONE);
  }

  /** Writes the event for a failure in mid-stream, the last one. */
  static void onFailure(Throwable failure, ByteStringBuilder bytes) {
    if (!(failure instanceof ClientClosedException)) {
      ErrorBody body = ErrorBody.of(ErrorResponses.toServingException(failure));
      bytes.putBytes(utf8("data: " + body.toJson() + "\n\n"));
    }
  }

  private void putToken(ByteStringBuilder bytes, int choice, boolean first, String added) {
    bytes.putBytes(choiceHeads[choice]);
    bytes.putBytes(first ? firstText : text);
    bytes.putBytes(ENCODER.quoteAsUTF8(added));
    bytes.putBytes(afterText);
    putTail(bytes);
  }

  private void putFinish(ByteStringBuilder bytes, int choice, FinishReason reason) {
    bytes.putBytes(choiceHeads[choice]);
    bytes.putBytes(finish);
    bytes.putBytes(utf8(",\"finish_reason\":\"" + reason.openAiName() + "\"}]"));
    putTail(bytes);
  }

  private void putTail(ByteStringBuilder bytes) {
    if (streaming.continuousUsage()) {
      bytes.putBytes(utf8(",\"usage\":" + answer.usage().toJson() + "}\n\n"));
    } else {
      bytes.putBytes(tail);
    }
  }

  private static byte[] utf8(String string) {
    return string.getBytes(StandardCharsets.UTF_8);
  }
}
