package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.serving.DeploymentVersion.Trial;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.metrics.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an ingress makes of what deployments tell it. */
@Timeout(60) // seconds; a catalog that never changes would be waited for
final class IngressModelsTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final LlmConfig CONFIG =
      LlmConfig.builder().modelId("m").modelSource("fake").build();

  private final Metrics metrics = new Metrics();
  private final ModelCatalog catalog = ModelCatalog.get(testKit.system());
  private final TestProbe<DeploymentController.Command> controller = testKit.createTestProbe();
  private final TestProbe<Replica.Command> old = testKit.createTestProbe();
  private final TestProbe<Replica.Command> fresh = testKit.createTestProbe();
  private final ActorRef<IngressModels.Command> ingress =
      testKit.spawn(
          IngressModels.create(
              new FakeModel().environment(),
              metrics,
              (modelId, command) -> controller.ref().tell(command)));

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @AfterEach
  void stop() {
    testKit.stop(ingress);
  }

  @Test
  void deploymentGivenUp_requestsAreAnsweredWithTheReason() {
    DeploymentFailure failure =
        new DeploymentFailure(ErrorCode.REPLICA_FAILED, "node 127.0.0.1:1: no weights");

    ingress.tell(deployed(Optional.of(failure), version("a", 1)));

    assertThatThrownBy(() -> generate(await(handle -> true)).get(10, TimeUnit.SECONDS))
        .hasMessageContaining("Model [m] cannot be served: node 127.0.0.1:1: no weights");
  }

  @Test
  void follows_again_whatItServesOnce() {
    DeploymentController.Follow follow = new DeploymentController.Follow(ingress);
    testKit
        .system()
        .receptionist()
        .tell(Receptionist.register(DeploymentController.SERVICE_KEY, controller.ref()));
    controller.expectMessage(WAIT, follow);
    ingress.tell(deployed(Optional.empty(), version("a", 1)));

    controller.expectMessage(WAIT, follow);
    ingress.tell(new IngressModels.ModelDeleted("m", controller.ref()));
    controller.expectMessage(WAIT, new DeploymentController.Forgotten(ingress));
  }

  @Test
  void deleted_isForgottenAndSaysSo() {
    ingress.tell(deployed(Optional.empty(), version("a", 1)));
    ModelHandle handle = await(any -> true);

    ingress.tell(new IngressModels.ModelDeleted("m", controller.ref()));

    controller.expectMessage(WAIT, new DeploymentController.Forgotten(ingress));
    assertThat(catalog.find("m")).isEmpty();
    assertThatThrownBy(handle::card).hasMessageContaining("deployed no longer");
  }

  @Test
  void deleted_whileAStreamRuns_itsMetricsStayAway() {
    String id = "v-" + ingress.path().name();
    register(old, id);
    ingress.tell(deployed(Optional.empty(), version(id, 1)));
    ModelHandle handle = await(ModelHandle::ready);
    CompletableFuture<List<TokenEvent>> answer = generate(handle);
    old.expectMessageClass(Replica.Subscribe.class, WAIT);
    Replica.Generate sent = old.expectMessageClass(Replica.Generate.class, WAIT);
    assertThat(metrics.exposition()).contains("model_name=\"m\"");

    ingress.tell(new IngressModels.ModelDeleted("m", controller.ref()));
    controller.expectMessage(WAIT, new DeploymentController.Forgotten(ingress));
    sent.ingress()
        .tell(new Replica.BacklogReport(old.ref(), "r0", Backlog.EMPTY, EngineStats.NONE));
    sent.ingress().tell(new Replica.Tokens(old.ref(), List.of(last(sent)), 0));
    handle.onFirstEvent(Duration.ofMillis(5));

    assertThat(answer).succeedsWithin(WAIT);
    assertThat(metrics.exposition()).doesNotContain("model_name=\"m\"");
  }

  private static TokenEvent last(Replica.Generate sent) {
    return new TokenEvent(sent.request().requestId(), 0, 7, "x", FinishReason.STOP);
  }

  @Test
  void twoVersions_onlyTheOneWithAReplicaIsPickedUntilTheOtherHasOne() {
    String oldId = "old-" + ingress.path().name();
    String newId = "new-" + ingress.path().name();
    register(old, oldId);
    ingress.tell(deployed(Optional.empty(), version(oldId, 1), version(newId, 2)));
    ModelHandle first = await(ModelHandle::ready);
    assertThat(catalog.find("m")).contains(first);

    register(fresh, newId);
    ModelHandle second = await(handle -> handle.ready() && handle != first);
    ingress.tell(deployed(Optional.empty(), version(newId, 2)));
    await(handle -> isNeverFound(first));
    await(handle -> handle == second);

    CompletableFuture<List<TokenEvent>> answer = generate(first);
    fresh.expectMessageClass(Replica.Subscribe.class, WAIT);
    Replica.Generate generate = fresh.expectMessageClass(Replica.Generate.class, WAIT);
    assertThat(generate.request().promptTokenIds()).containsExactly(1, 2);
    assertThat(answer).isNotDone();
  }

  /** Whether the model is looked up often, by chance among its versions, without this one. */
  private boolean isNeverFound(ModelHandle version) {
    return IntStream.range(0, 100).noneMatch(i -> catalog.find("m").equals(Optional.of(version)));
  }

  private static void register(TestProbe<Replica.Command> replica, String versionId) {
    testKit
        .system()
        .receptionist()
        .tell(Receptionist.register(Replica.serviceKey("m", versionId), replica.ref()));
  }

  private static CompletableFuture<List<TokenEvent>> generate(ModelHandle model) {
    return model
        .generate(Generations.greedy(new int[] {1, 2}, 4))
        .runWith(Sink.seq(), testKit.system())
        .toCompletableFuture();
  }

  private static DeploymentVersion version(String id, int number) {
    return new DeploymentVersion(id, number, CONFIG, Trial.GOOD);
  }

  private IngressModels.ModelDeployed deployed(
      Optional<DeploymentFailure> failure, DeploymentVersion... versions) {
    return new IngressModels.ModelDeployed("m", 0, List.of(versions), failure, controller.ref());
  }

  /** Looks the model up until it is as wanted. */
  private ModelHandle await(java.util.function.Predicate<ModelHandle> wanted) {
    while (true) {
      Optional<ModelHandle> found = catalog.find("m").filter(wanted);
      if (found.isPresent()) {
        return found.get();
      }
      Thread.onSpinWait();
    }
  }
}
