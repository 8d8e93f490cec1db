package io.phalanx.http.cli;

import com.typesafe.config.ConfigFactory;
import io.phalanx.http.HttpEndpoint;
import io.phalanx.llm.Generated;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.serving.DeploymentController;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.ReplicaState;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/**
 * How soon autoscaling answers: streams saturate the one replica of the embedded model, a second
 * comes, the load falls, and the second goes. Then {@code phalanx status --decisions} says why.
 *
 * <p>Arguments: streams of the heavy load, of the light one, and the downscale delay in seconds; the
 * defaults are 128, 4 and 15. All other settings are the defaults.
 */
public final class AutoscalingBenchmark {
  private static final int[] DEFAULTS = {128, 4, 15};
  private static final int PROMPT_TOKENS = 32;
  private static final int OUTPUT_TOKENS = 128;
  private static final Duration WAIT = Duration.ofSeconds(80);
  private static final double NANOS_PER_SECOND = 1e9;

  private final Phalanx phalanx;
  private final ModelHandle model;
  private final TestProbe<DeploymentController.DeployReply> watcher;
  private final AtomicInteger answered = new AtomicInteger();

  private AutoscalingBenchmark(Phalanx phalanx) {
    this.phalanx = phalanx;
    this.model = phalanx.model("embedded");
    this.watcher = TestProbe.create(phalanx.system());
    DeploymentController.of(phalanx.system(), "embedded")
        .tell(new DeploymentController.Watch(watcher.ref()));
  }

  /** Runs it and prints the times. */
  public static void main(String[] args) {
    int[] sizes = DEFAULTS.clone();
    for (int i = 0; i < args.length; i++) {
      sizes[i] = Integer.parseInt(args[i]);
    }
    LlmConfig config =
        LlmConfig.builder()
            .modelId("embedded")
            .modelSource("embedded")
            .minReplicas(1)
            .maxReplicas(2)
            .downscaleDelay(Duration.ofSeconds(sizes[2]))
            .build();
    try (Phalanx phalanx =
        Phalanx.launch(
            ConfigFactory.parseString(
                    "phalanx { http.port = 0, local-cluster { nodes = 2, gpus-per-node = 1 } }")
                .withFallback(ConfigFactory.load()),
            List.of(config),
            line -> {})) {
      phalanx.awaitReady();
      new AutoscalingBenchmark(phalanx).run(sizes[0], sizes[1]);
    }
  }

  private void run(int heavyStreams, int lightStreams) {
    Pair<UniqueKillSwitch, CompletionStage<Done>> light = load(lightStreams);
    long start = System.nanoTime();
    Pair<UniqueKillSwitch, CompletionStage<Done>> heavy = load(heavyStreams);
    await(status -> status.targetReplicas() == 2);
    say("second replica decided", start);
    await(status -> ready(status) == 2);
    say("second replica serves", start);
    heavy.first().shutdown();
    heavy.second().toCompletableFuture().join();
    long fallen = System.nanoTime();
    await(status -> status.targetReplicas() == 1);
    say("release decided, after the load fell", fallen);
    await(status -> status.replicas().size() == 1);
    say("released", fallen);
    light.first().shutdown();
    light.second().toCompletableFuture().join();
    System.out.printf("%d requests answered, none failed%n%n", answered.get());
    int port =
        HttpEndpoint.of(phalanx.system()).address().toCompletableFuture().join().getPort();
    PhalanxCommand.commandLine()
        .execute("status", "embedded", "--decisions", "--url", "http://127.0.0.1:" + port);
  }

  /** Streams that ask again as soon as they have an answer; the first failure ends them. */
  private Pair<UniqueKillSwitch, CompletionStage<Done>> load(int streams) {
    return Source.repeat(streams)
        .viaMat(KillSwitches.single(), Keep.right())
        .mapAsyncUnordered(streams, any -> generate())
        .toMat(Sink.foreach(answer -> answered.incrementAndGet()), Keep.both())
        .run(phalanx.system());
  }

  private CompletionStage<Generated> generate() {
    String id = UUID.randomUUID().toString();
    int[] prompt = new int[PROMPT_TOKENS];
    for (int i = 0; i < prompt.length; i++) {
      prompt[i] = 1 + id.charAt(i);
    }
    SamplingParams sampling = SamplingParams.greedy(OUTPUT_TOKENS).withIgnoreEos();
    return model.generateWhole(new GenerationRequest(id, prompt, sampling));
  }

  private void await(Predicate<DeploymentStatus> reached) {
    DeploymentStatus status;
    do {
      status = watcher.expectMessageClass(DeploymentController.Deployed.class, WAIT).status();
    } while (!reached.test(status));
  }

  private static long ready(DeploymentStatus status) {
    return status.replicas().stream()
        .filter(replica -> replica.state() == ReplicaState.READY)
        .count();
  }

  private static void say(String what, long since) {
    System.out.printf("%-40s %5.1f s%n", what, (System.nanoTime() - since) / NANOS_PER_SECOND);
  }
}
