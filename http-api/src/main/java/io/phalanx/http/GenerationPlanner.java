package io.phalanx.http;

import io.phalanx.http.model.ChatCompletionRequest;
import io.phalanx.http.model.CompletionRequest;
import io.phalanx.http.model.GenerationOptions;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Turns a parsed request into the sequences that a model runs: encodes the prompts, fills in the
 * model's defaults, and refuses what the model cannot do, before anything is reserved.
 */
final class GenerationPlanner {
  private static final int DEFAULT_COMPLETION_TOKENS = 16;
  private static final int ID_BYTES = 12;
  private static final long SEED_STEP = 0x9E3779B97F4A7C15L;

  private final RandomGenerator random;
  private final InstantSource clock;

  /** Creates a planner that draws ids from the system's generator. */
  GenerationPlanner() {
    this(new SecureRandom(), InstantSource.system());
  }

  GenerationPlanner(RandomGenerator random, InstantSource clock) {
    this.random = random;
    this.clock = clock;
  }

  /** Plans a chat: the messages through the model's template. */
  GenerationPlan plan(ModelHandle model, ChatCompletionRequest request, RequestHeaders headers) {
    int[] ids = model.chatTemplate().encode(request.messages(), request.templateVariables());
    RequestTerms terms = headers.terms(model, request.options());
    return plan(AnswerKind.CHAT, model, List.of(ids), request.options(), terms);
  }

  /** Plans a completion: each prompt as it is. */
  GenerationPlan plan(ModelHandle model, CompletionRequest request, RequestHeaders headers) {
    List<int[]> prompts = new ArrayList<>();
    int choices = request.prompts().size() * request.options().choices();
    if (choices > GenerationOptions.MAX_CHOICES) {
      throw ServingException.invalidParam(
          "n",
          "n times the number of prompts is "
              + choices
              + "; it may be at most "
              + GenerationOptions.MAX_CHOICES
              + ".");
    }
    for (CompletionRequest.Prompt prompt : request.prompts()) {
      prompts.add(encode(model, prompt));
    }
    RequestTerms terms = headers.terms(model, request.options());
    return plan(AnswerKind.COMPLETION, model, prompts, request.options(), terms);
  }

  private GenerationPlan plan(
      AnswerKind kind,
      ModelHandle model,
      List<int[]> prompts,
      GenerationOptions options,
      RequestTerms terms) {
    options
        .stopTokenIds()
        .forEach(id -> requireKnown("stop_token_ids", id, model.tokenizer().vocabSize()));
    String id = kind.idPrefix() + randomHex();
    long seed = options.seed().orElseGet(model::nextSeed);
    List<GenerationRequest> requests = new ArrayList<>();
    long promptTokens = 0;
    for (int[] prompt : prompts) {
      promptTokens += prompt.length;
      int tokens = maxTokens(kind, prompt.length, model.card().maxModelLength(), options);
      for (int i = 0; i < options.choices(); i++) {
        int choice = requests.size();
        SamplingParams sampling =
            options.sampling(model.generationDefaults(), tokens, seed + choice * SEED_STEP);
        requests.add(
            new GenerationRequest(
                id + "-" + choice, prompt, sampling, options.cacheSalt().orElse(""), terms));
      }
    }
    long created = clock.instant().getEpochSecond();
    return new GenerationPlan(kind, id, created, model, requests, promptTokens, options);
  }

  private static int[] encode(ModelHandle model, CompletionRequest.Prompt prompt) {
    if (prompt instanceof CompletionRequest.TokenIds tokenIds) {
      int vocabSize = model.tokenizer().vocabSize();
      for (int id : tokenIds.ids()) {
        requireKnown("prompt", id, vocabSize);
      }
      return tokenIds.ids();
    }
    return model.tokenizer().encodePrompt(((CompletionRequest.Text) prompt).text());
  }

  private static void requireKnown(String param, int id, int vocabSize) {
    if (id < 0 || id >= vocabSize) {
      throw ServingException.invalidParam(
          param,
          param + " has the token id " + id + "; ids must be from 0 to " + (vocabSize - 1) + ".");
    }
  }

  private static int maxTokens(
      AnswerKind kind, int promptLength, int context, GenerationOptions options) {
    String prompt = kind == AnswerKind.CHAT ? "messages" : "prompt";
    int room = context - promptLength;
    if (room < 1) {
      throw tooLong(prompt, promptLength, 1, context);
    }
    int asked =
        options
            .maxTokens()
            .orElse(kind == AnswerKind.CHAT ? room : Math.min(room, DEFAULT_COMPLETION_TOKENS));
    if (asked > room) {
      throw tooLong("max_tokens", promptLength, asked, context);
    }
    return asked;
  }

  private static ServingException tooLong(String param, int promptLength, int asked, int context) {
    return ServingException.forParam(
        ErrorCode.CONTEXT_LENGTH_EXCEEDED,
        param,
        "The prompt has "
            + promptLength
            + " tokens and "
            + asked
            + " more are to be generated, but the model's context is "
            + context
            + " tokens; shorten the prompt or lower max_tokens.");
  }

  private String randomHex() {
    byte[] bytes = new byte[ID_BYTES];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
