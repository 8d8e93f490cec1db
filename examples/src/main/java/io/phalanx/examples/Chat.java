package io.phalanx.examples;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.tokenizer.ChatMessage;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.pekko.stream.javadsl.Sink;

/** The typed API without HTTP in between: asks the embedded model and prints its answer. */
public final class Chat {
  private static final int MAX_TOKENS = 128;

  private Chat() {}

  /** Asks the question given as arguments, or a first one. */
  public static void main(String[] args) {
    String question = args.length > 0 ? String.join(" ", args) : "What is a placement group?";
    LlmConfig config =
        LlmConfig.builder()
            .modelId("assistant")
            .modelSource("embedded")
            .tensorParallelSize(2)
            .build();
    try (Phalanx phalanx = Phalanx.start(List.of(config))) {
      System.out.println(ask(phalanx, "assistant", question));
    }
  }

  /** Returns the model's whole answer to one question. */
  public static String ask(Phalanx phalanx, String modelId, String question) {
    ModelHandle model = phalanx.model(modelId);
    int[] prompt =
        model.chatTemplate().encode(List.of(new ChatMessage("user", question)), Map.of());
    GenerationRequest request =
        new GenerationRequest(
            UUID.randomUUID().toString(), prompt, SamplingParams.greedy(MAX_TOKENS));
    return model
        .generate(request)
        .map(TokenEvent::text)
        .runWith(Sink.fold("", String::concat), phalanx.system())
        .toCompletableFuture()
        .join();
  }
}
