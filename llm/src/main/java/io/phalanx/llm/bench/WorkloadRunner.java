package io.phalanx.llm.bench;

import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/** Runs workloads on a deployed model and times what comes back. */
public final class WorkloadRunner {
  private final ModelHandle model;
  private final Materializer materializer;
  private final SplittableRandom random;
  private final LongSupplier nanoTime;

  /**
   * Creates a runner.
   *
   * @param seed of the prompts
   * @param nanoTime the clock, such as {@code System::nanoTime}
   */
  public WorkloadRunner(
      ModelHandle model, Materializer materializer, long seed, LongSupplier nanoTime) {
    this.model = model;
    this.materializer = materializer;
    this.random = new SplittableRandom(seed);
    this.nanoTime = nanoTime;
  }

  /**
   * Runs a workload to its end.
   *
   * @param onFinished hears after each request how many have ended; from any thread, one at a time
   */
  public BenchResult run(Workload workload, Consumer<Integer> onFinished) {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < workload.requests(); i++) {
      requests.add(request(workload));
    }
    List<RequestTimes> times = new ArrayList<>();
    CompletionStage<?> done =
        Source.from(requests)
            .mapAsyncUnordered(workload.streams(), this::time)
            .runForeach(
                result -> {
                  times.add(result);
                  onFinished.accept(times.size());
                },
                materializer);
    done.toCompletableFuture().join();
    return BenchResult.of(workload, times);
  }

  private GenerationRequest request(Workload workload) {
    int vocabSize = model.tokenizer().vocabSize();
    int[] prompt = random.ints(workload.promptTokens(), 0, vocabSize).toArray();
    SamplingParams sampling = SamplingParams.greedy(workload.outputTokens()).withIgnoreEos();
    return new GenerationRequest(UUID.randomUUID().toString(), prompt, sampling);
  }

  private CompletionStage<RequestTimes> time(GenerationRequest request) {
    long sent = nanoTime.getAsLong();
    List<Long> stamps = new ArrayList<>();
    CompletionStage<TokenEvent> last =
        model
            .generate(request)
            .map(
                event -> {
                  stamps.add(nanoTime.getAsLong());
                  return event;
                })
            .runWith(Sink.last(), materializer);
    return last.thenApply(event -> times(sent, stamps, event));
  }

  private static RequestTimes times(long sent, List<Long> stamps, TokenEvent last) {
    long[] events = stamps.stream().mapToLong(Long::longValue).toArray();
    return new RequestTimes(sent, events, last.position() + 1);
  }
}
