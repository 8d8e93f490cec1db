package io.phalanx.llm.serving;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.runtime.metrics.Metrics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.javadsl.Sink;

/**
 * How many tokens a second go from the engine over replica, router and the requests' streams, over
 * a model that computes nothing.
 *
 * <p>Arguments: streams, output tokens of each, rounds; the defaults are 256, 256 and 30. The first
 * half of the rounds warms up.
 */
public final class OutputPathBenchmark {
  private static final int[] DEFAULTS = {256, 256, 30};
  private static final int PROMPT_TOKENS = 128;
  private static final double NANOS_PER_SECOND = 1e9;

  private OutputPathBenchmark() {}

  /** Runs all rounds and prints the tokens a second of each of the second half. */
  public static void main(String[] args) {
    int[] sizes = DEFAULTS.clone();
    for (int i = 0; i < args.length; i++) {
      sizes[i] = Integer.parseInt(args[i]);
    }
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    Path directory = Path.of("src/test/resources/golden/llama-tiny");
    ModelHandle model = StandInReplicas.start(testKit, directory, sizes[0], new Metrics());
    List<Double> rates = new ArrayList<>();
    for (int round = 0; round < sizes[2]; round++) {
      double rate = round(testKit, model, sizes[0], sizes[1], round);
      if (round >= sizes[2] / 2) {
        rates.add(rate);
      }
    }
    rates.sort(null);
    System.out.printf(
        "%d streams, output %d: %,.0f tokens/s (median of %d rounds, %,.0f to %,.0f)%n",
        sizes[0],
        sizes[1],
        rates.get(rates.size() / 2),
        rates.size(),
        rates.get(0),
        rates.get(rates.size() - 1));
    testKit.shutdownTestKit();
  }

  private static double round(
      ActorTestKit testKit, ModelHandle model, int streams, int outputTokens, int round) {
    long start = System.nanoTime();
    List<CompletableFuture<Integer>> counts = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      int[] prompt = new int[PROMPT_TOKENS];
      prompt[0] = i;
      prompt[1] = round;
      SamplingParams sampling = SamplingParams.greedy(outputTokens).withIgnoreEos();
      GenerationRequest request = new GenerationRequest(round + "-" + i, prompt, sampling);
      counts.add(
          model
              .generate(request)
              .runWith(Sink.fold(0, (sum, event) -> sum + 1), testKit.system())
              .toCompletableFuture());
    }
    long tokens = counts.stream().mapToInt(CompletableFuture::join).sum();
    return tokens * NANOS_PER_SECOND / (System.nanoTime() - start);
  }
}
