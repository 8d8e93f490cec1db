package io.phalanx.http;

import io.phalanx.llm.ModelCard;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.tokenizer.ChatTemplate;
import io.phalanx.llm.tokenizer.Tokenizer;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.javadsl.Source;

/**
 * A model that notes when each client's latest request reaches it, parsed and planned.
 *
 * @param model who generates
 * @param openedNanos the time by client, whose number is the first token of its prompts
 */
record TimedModel(ModelHandle model, AtomicLongArray openedNanos) implements ModelHandle {

  @Override
  public TokenReader open(GenerationRequest request) {
    openedNanos.set(request.promptTokenIds()[0], System.nanoTime());
    return model.open(request);
  }

  @Override
  public Source<TokenEvent, NotUsed> generate(GenerationRequest request) {
    return model.generate(request);
  }

  @Override
  public String modelId() {
    return model.modelId();
  }

  @Override
  public ModelCard card() {
    return model.card();
  }

  @Override
  public Tokenizer tokenizer() {
    return model.tokenizer();
  }

  @Override
  public ChatTemplate chatTemplate() {
    return model.chatTemplate();
  }

  @Override
  public GenerationDefaults generationDefaults() {
    return model.generationDefaults();
  }

  @Override
  public long nextSeed() {
    return model.nextSeed();
  }

  @Override
  public String sessionHeader() {
    return model.sessionHeader();
  }

  @Override
  public boolean ready() {
    return model.ready();
  }
}
