package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.llm.models.RankModelRunner;
import io.phalanx.llm.tokenizer.FakeTokenizer;
import io.phalanx.runtime.collective.ProcessGroups;
import java.nio.file.Path;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whom a {@link Replica} names if one of its ranks is stuck; its ranks compute a real model. */
final class StuckRankTest {
  private static final ActorTestKit testKit = ActorTestKit.create();

  private final StartedReplicas replicas = new StartedReplicas(testKit);
  private final TestProbe<Replica.ToIngress> ingress = testKit.createTestProbe();
  private final Gate gate = new Gate();
  private volatile boolean holding;

  @AfterEach
  void openGate() {
    gate.open();
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 1", "1, 2, 0", "1, 2, 1", "2, 2, 1", "2, 2, 3"})
  void oneRankComputesForEver_isNamedAloneWithItsNode(int tp, int pp, int stuck) {
    ServingEnvironment environment = environment(stuck);
    ReplicaGang.Ready ready = replicas.start(config(tp, pp).build(), environment);

    holding = true;
    GenerationRequest request =
        new GenerationRequest("r", new int[] {1}, SamplingParams.greedy(5).withIgnoreEos());
    ready.actor().tell(new Replica.Generate(request, ingress.ref()));

    String reason = replicas.expectFromOwner(ReplicaGang.Failed.class).reason();
    assertThat(reason).startsWith("rank " + stuck + " on 127.0.0.1:1 does not end step");
  }

  private static LlmConfigBuilder config(int tp, int pp) {
    return LlmConfig.builder()
        .modelId("held")
        .modelSource("held")
        .maxModelLen(64)
        .tensorParallelSize(tp)
        .pipelineParallelSize(pp);
  }

  /** Real process groups and runners, of which rank {@code stuck} can be held. */
  private ServingEnvironment environment(int stuck) {
    Path directory = FakeModel.golden("llama-tiny");
    return new ServingEnvironment(
        (source, progress) -> new ModelFiles(source, directory, null),
        files -> new FakeTokenizer(),
        ProcessGroups::join,
        (files, rank, settings, progress) -> {
          ModelRunner real = RankModelRunner.load(files, rank, settings, progress);
          return rank.rank() == stuck ? new HeldRunner(real) : real;
        },
        ServingSettings.of(
            ConfigFactory.parseString(
                    "phalanx.serving { step-timeout = 2s, report-interval = 20ms }")
                .withFallback(ConfigFactory.load())));
  }

  /** A rank that computes until the test holds it. */
  private final class HeldRunner implements ModelRunner {
    private final ModelRunner real;

    private HeldRunner(ModelRunner real) {
      this.real = real;
    }

    @Override
    public int numBlocks() {
      return real.numBlocks();
    }

    @Override
    public void execute(ModelInput input) {
      if (holding) {
        gate.pass();
      }
      real.execute(input);
    }

    @Override
    public @Nullable StepOutput end(ModelInput input) {
      return real.end(input);
    }

    @Override
    public void close() {
      real.close();
    }
  }
}
