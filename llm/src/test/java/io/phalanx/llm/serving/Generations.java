package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.stream.javadsl.Sink;

/** Asks a running model for the tokens of goldens. */
final class Generations {
  private static final long WAIT_SECONDS = 120;

  private Generations() {}

  static GenerationRequest greedy(int[] prompt, int count) {
    return new GenerationRequest(
        UUID.randomUUID().toString(), prompt, SamplingParams.greedy(count).withIgnoreEos());
  }

  static CompletionStage<List<TokenEvent>> begin(
      Phalanx phalanx, ModelHandle model, GenerationRequest request) {
    return model.generate(request).runWith(Sink.seq(), phalanx.system());
  }

  static List<Integer> tokens(CompletionStage<List<TokenEvent>> events) throws Exception {
    return events.toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS).stream()
        .map(TokenEvent::tokenId)
        .toList();
  }

  /** Asks all prompts at once and compares with what the reference gave. */
  static void assertGolden(Phalanx phalanx, String modelId, GoldenModel golden)
      throws ExecutionException, InterruptedException, TimeoutException {
    ModelHandle model = phalanx.model(modelId);
    List<CompletableFuture<List<TokenEvent>>> answers = new ArrayList<>();
    for (GoldenModel.Prompt prompt : golden.prompts()) {
      GenerationRequest request = greedy(prompt.tokenIds(), prompt.greedyTokenIds().size());
      answers.add(begin(phalanx, model, request).toCompletableFuture());
    }
    for (int i = 0; i < answers.size(); i++) {
      assertThat(answers.get(i).get(WAIT_SECONDS, TimeUnit.SECONDS))
          .as("tokens of prompt %d", i)
          .extracting(TokenEvent::tokenId)
          .isEqualTo(golden.prompts().get(i).greedyTokenIds());
    }
  }
}
