package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.Generated;
import io.phalanx.llm.ModelActor;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.pattern.StatusReply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the javadoc of {@link ModelHandle} and {@link ModelActor} shows, on a running model. */
@Timeout(240) // seconds; a replica that never gets ready would wait for ever
final class TypedApiTest {
  private static final Duration WAIT = Duration.ofSeconds(60);
  private static final GoldenModel golden = GoldenModel.load("llama-tiny");
  private static final GoldenModel.Prompt prompt = golden.prompts().get(0);
  private static Phalanx phalanx;
  private static ModelHandle model;
  private static ActorRef<ModelActor.Command> actor;

  private TestProbe<ModelActor.Event> events;

  @BeforeAll
  static void start() {
    phalanx =
        Phalanx.launch(
            ConfigFactory.parseString("phalanx.local-cluster { nodes = 1, gpus-per-node = 1 }")
                .withFallback(ConfigFactory.load()),
            List.of(golden.config("m").acceleratorType("L4").build()),
            line -> {});
    phalanx.awaitReady();
    model = phalanx.model("m");
    actor = phalanx.system().systemActorOf(ModelActor.create(model), "m", Props.empty());
  }

  @AfterAll
  static void stop() {
    phalanx.close();
  }

  @BeforeEach
  void listen() {
    events = TestProbe.create(phalanx.system());
  }

  private static GenerationRequest request(int tokens) {
    return Generations.greedy(prompt.tokenIds(), tokens);
  }

  private static List<Integer> expected(int tokens) {
    return prompt.greedyTokenIds().subList(0, tokens);
  }

  @Test
  void generateWhole_givesTextTokensAndUsage() {
    GenerationRequest request = request(8);

    assertThat(model.generateWhole(request))
        .succeedsWithin(WAIT)
        .satisfies(
            whole -> {
              assertThat(whole.requestId()).isEqualTo(request.requestId());
              assertThat(whole.tokenIds()).isEqualTo(expected(8));
              assertThat(whole.completionTokens()).isEqualTo(8);
              assertThat(whole.promptTokens()).isEqualTo(prompt.tokenIds().length);
              assertThat(whole.finishReason()).isEqualTo(FinishReason.LENGTH);
              assertThat(whole.text()).isNotEmpty();
            });
  }

  @Test
  void generateWhole_tooLong_failsWithTheReason() {
    assertThatThrownBy(() -> model.generateWhole(request(100_000)).join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED));
  }

  @Test
  void generateWhole_cancelled_endsTheSequence() {
    model.generateWhole(request(400)).cancel(false);

    awaitIdle();
  }

  @Test
  void actor_generate_tellsEveryToken() {
    actor.tell(new ModelActor.Generate(request(8), events.ref()));

    List<Integer> tokens = new ArrayList<>();
    TokenEvent last;
    do {
      last = events.expectMessageClass(ModelActor.Token.class, WAIT).event();
      tokens.add(last.tokenId());
    } while (last.finishReason() == null);
    assertThat(tokens).isEqualTo(expected(8));
  }

  @Test
  void actor_generateWhole_answersAnAsk() {
    CompletionStage<Generated> answer =
        AskPattern.askWithStatus(
            actor,
            replyTo -> new ModelActor.GenerateWhole(request(5), replyTo),
            WAIT,
            phalanx.system().scheduler());

    assertThat(answer.toCompletableFuture())
        .succeedsWithin(WAIT)
        .satisfies(whole -> assertThat(whole.tokenIds()).isEqualTo(expected(5)));
  }

  @Test
  void actor_requestThatIsRefused_saysWhy() {
    GenerationRequest request = request(100_000);

    actor.tell(new ModelActor.Generate(request, events.ref()));

    ModelActor.Failed failed = events.expectMessageClass(ModelActor.Failed.class, WAIT);
    assertThat(failed.requestId()).isEqualTo(request.requestId());
    assertThat(failed.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
  }

  @Test
  void actor_idThatIsInUse_isRefused() {
    GenerationRequest request = request(400);
    TestProbe<ModelActor.Event> other = TestProbe.create(phalanx.system());

    actor.tell(new ModelActor.Generate(request, events.ref()));
    actor.tell(new ModelActor.Generate(request, other.ref()));

    assertThat(other.expectMessageClass(ModelActor.Failed.class, WAIT).reason()).contains("in use");
    actor.tell(new ModelActor.Abort(request.requestId()));
    awaitIdle();
  }

  @Test
  void actor_abort_freesTheSequence() {
    GenerationRequest request = request(400);
    actor.tell(new ModelActor.Generate(request, events.ref()));
    events.expectMessageClass(ModelActor.Token.class, WAIT);

    actor.tell(new ModelActor.Abort(request.requestId()));

    awaitIdle();
  }

  @Test
  void actor_receiverStops_endsItsRequests() {
    TestProbe<ModelActor.Event> dying = TestProbe.create(phalanx.system());
    actor.tell(new ModelActor.Generate(request(400), dying.ref()));
    dying.expectMessageClass(ModelActor.Token.class, WAIT);

    dying.stop();

    awaitIdle();
  }

  @Test
  void actor_abortOfAWholeAnswer_freesTheSequenceAndAnswersNothing() {
    GenerationRequest request = request(400);
    TestProbe<StatusReply<Generated>> asker = TestProbe.create(phalanx.system());
    actor.tell(new ModelActor.GenerateWhole(request, asker.ref()));

    actor.tell(new ModelActor.Abort(request.requestId()));

    awaitIdle();
    actor.tell(new ModelActor.GenerateWhole(request(1), asker.ref()));
    assertThat(asker.receiveMessage(WAIT).getValue().tokenIds()).hasSize(1);
  }

  @Test
  void actor_askerOfAWholeAnswerStops_freesTheSequence() {
    TestProbe<StatusReply<Generated>> asker = TestProbe.create(phalanx.system());
    GenerationRequest request = request(400);
    actor.tell(new ModelActor.Generate(request, events.ref()));
    events.expectMessageClass(ModelActor.Token.class, WAIT);
    actor.tell(new ModelActor.GenerateWhole(request(400), asker.ref()));
    actor.tell(new ModelActor.GenerateWhole(request, asker.ref()));
    assertThat(asker.receiveMessage(WAIT).getError()).hasMessageContaining("in use");

    asker.stop();
    actor.tell(new ModelActor.Abort(request.requestId()));

    awaitIdle();
  }

  /** Waits until the replica reports that it has nothing to do. */
  private static void awaitIdle() {
    TestProbe<DeploymentController.DeployReply> watcher = TestProbe.create(phalanx.system());
    DeploymentController.of(phalanx.system(), "m")
        .tell(new DeploymentController.Watch(watcher.ref()));
    DeploymentStatus status;
    do {
      status = watcher.expectMessageClass(DeploymentController.Deployed.class, WAIT).status();
    } while (status.replicas().get(0).backlog().requests() > 0);
  }
}
