package io.phalanx.http;

import io.phalanx.http.model.GenerationOptions;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.GenerationRequest;
import java.util.List;

/**
 * A checked request, ready to run: one sequence for each choice.
 *
 * @param kind which route asked
 * @param id the id of the answer, such as {@code chatcmpl-...}
 * @param createdEpochSeconds when the request came, in seconds since 1970
 * @param model who generates
 * @param requests the sequences; the index is the choice's
 * @param promptTokens tokens of all prompts
 * @param options the request's options
 */
record GenerationPlan(
    AnswerKind kind,
    String id,
    long createdEpochSeconds,
    ModelHandle model,
    List<GenerationRequest> requests,
    long promptTokens,
    GenerationOptions options) {

  /** Copies the list. */
  GenerationPlan {
    requests = List.copyOf(requests);
  }
}
