package io.phalanx.llm.serving;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.RoutingPolicy;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.runtime.metrics.Metrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/**
 * What routing over several replicas is worth: the tokens a second of four replicas whose steps take
 * 20 ms beside those of one, and the prefix cache's hits by each policy. Replicas, engines and
 * router are real, only the ranks compute nothing.
 */
public final class RoutingBenchmark {
  private static final Path MODEL = Path.of("src/test/resources/golden/llama-tiny");
  private static final Duration STEP = Duration.ofMillis(20);
  private static final int SEQUENCES = 16;
  private static final int FAMILIES = 32;
  private static final double NANOS_PER_SECOND = 1e9;

  private RoutingBenchmark() {}

  /** Runs everything and prints the figures. */
  public static void main(String[] args) {
    double one = tokensPerSecond(1);
    double four = tokensPerSecond(4);
    System.out.printf(
        "steps of 20 ms, %d sequences each: 1 replica %,.0f tokens/s, 4 replicas %,.0f, %.2f x%n",
        SEQUENCES, one, four, four / one);
    System.out.printf(
        "%d shared beginnings: prefix cache answers %.1f %% of prompt tokens by power-of-two,"
            + " %.1f %% by prefix-affinity%n",
        FAMILIES,
        100 * cacheHitShare(RoutingPolicy.POWER_OF_TWO),
        100 * cacheHitShare(RoutingPolicy.PREFIX_AFFINITY));
  }

  /** Lengths are skewed: a tenth of the answers is eight times as long as the others. */
  private static double tokensPerSecond(int replicas) {
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    StandInReplicas running =
        StandInReplicas.start(
            testKit,
            config().build(),
            replicas,
            new StandInReplicas.Ranks(MODEL, STEP, StandInReplicas.BLOCKS),
            new Metrics());
    SplittableRandom random = new SplittableRandom(7);
    int requests = 192 * replicas;
    long start = System.nanoTime();
    long tokens =
        Source.range(1, requests)
            .map(i -> request(i, new int[] {i}, random.nextInt(10) == 0 ? 160 : 20))
            .mapAsyncUnordered(
                2 * SEQUENCES * replicas, request -> run(testKit, running.model(), request))
            .runWith(Sink.fold(0L, Long::sum), testKit.system())
            .toCompletableFuture()
            .join();
    double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
    System.out.printf("  tokens of each replica, fewest first: %s%n", running.generatedTokens());
    testKit.shutdownTestKit();
    return tokens / seconds;
  }

  private static double cacheHitShare(RoutingPolicy policy) {
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    LlmConfig config = config().routingPolicy(policy).build();
    StandInReplicas running =
        StandInReplicas.start(
            testKit,
            config,
            4,
            new StandInReplicas.Ranks(MODEL, Duration.ZERO, 180),
            new Metrics());
    SplittableRandom random = new SplittableRandom(11);
    Source.range(1, 4_000)
        .map(i -> request(i, prompt(random.nextInt(FAMILIES), i), 8))
        .mapAsyncUnordered(8, request -> run(testKit, running.model(), request))
        .runWith(Sink.ignore(), testKit.system())
        .toCompletableFuture()
        .join();
    double share = running.cacheHitShare();
    testKit.shutdownTestKit();
    return share;
  }

  private static LlmConfigBuilder config() {
    return LlmConfig.builder().modelId("stand-in").maxNumSeqs(SEQUENCES).maxModelLen(512);
  }

  private static int[] prompt(int family, int number) {
    int[] prompt = new int[288];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = Math.floorMod(i < 256 ? family * 31 + i : number * 17 + i, 300);
    }
    return prompt;
  }

  private static GenerationRequest request(int number, int[] prompt, int outputTokens) {
    int[] ids = prompt.clone();
    ids[0] = Math.floorMod(ids[0], 300);
    SamplingParams sampling = SamplingParams.greedy(outputTokens).withIgnoreEos();
    return new GenerationRequest("r" + number, ids, sampling);
  }

  private static CompletionStage<Long> run(
      ActorTestKit testKit, ModelHandle model, GenerationRequest request) {
    return model
        .generate(request)
        .runWith(Sink.fold(0L, (count, event) -> count + 1), testKit.system());
  }
}
