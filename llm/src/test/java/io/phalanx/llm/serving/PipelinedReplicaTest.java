package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.RankModelRunner;
import io.phalanx.llm.tokenizer.FakeTokenizer;
import io.phalanx.runtime.collective.ProcessGroups;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A {@link Replica} whose ranks compute a real model over several stages, with steps in flight. */
final class PipelinedReplicaTest {
  private static final ActorTestKit testKit = ActorTestKit.create();

  private final StartedReplicas replicas = new StartedReplicas(testKit);
  private final TestProbe<Replica.ToIngress> ingress = testKit.createTestProbe();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @ParameterizedTest
  @CsvSource({
    "llama-tiny, 1, 2, 8",
    "llama-untied, 1, 2, 2",
    "llama-tiny, 1, 4, 8",
    "llama-untied, 1, 4, 2",
    "llama-tiny, 2, 2, 8",
    "llama-untied, 2, 2, 8"
  })
  void generate_manyAtOnce_givesTheReferenceTokens(String name, int tp, int pp, int streams) {
    GoldenModel golden = GoldenModel.load(name);
    LlmConfigBuilder config =
        golden.config("m").tensorParallelSize(tp).pipelineParallelSize(pp).maxNumSeqs(streams);
    ReplicaGang.Ready ready = replicas.start(config.build(), environment(golden.directory()));

    Map<String, List<Integer>> expected = new HashMap<>();
    for (GoldenModel.Prompt prompt : golden.prompts()) {
      GenerationRequest request =
          Generations.greedy(prompt.tokenIds(), prompt.greedyTokenIds().size());
      expected.put(request.requestId(), prompt.greedyTokenIds());
      ready.actor().tell(new Replica.Generate(request, ingress.ref()));
    }

    assertThat(tokens(expected)).isEqualTo(expected);
    ready.actor().tell(new Replica.Drain());
    replicas.expectFromOwner(ReplicaGang.Drained.class);
  }

  /** Collects tokens until every sequence has as many as are expected. */
  private Map<String, List<Integer>> tokens(Map<String, List<Integer>> expected) {
    Map<String, List<Integer>> found = new HashMap<>();
    long left = expected.values().stream().mapToInt(List::size).sum();
    while (left > 0) {
      if (ingress.receiveMessage() instanceof Replica.Tokens tokens) {
        for (TokenEvent event : tokens.events()) {
          found.computeIfAbsent(event.requestId(), id -> new ArrayList<>()).add(event.tokenId());
          left--;
        }
      }
    }
    return found;
  }

  private static ServingEnvironment environment(Path directory) {
    return new ServingEnvironment(
        (source, progress) -> new ModelFiles(source, directory, null),
        files -> new FakeTokenizer(),
        ProcessGroups::join,
        RankModelRunner::load,
        ServingSettings.of(ConfigFactory.load()));
  }
}
