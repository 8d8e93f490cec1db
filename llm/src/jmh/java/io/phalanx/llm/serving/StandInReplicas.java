package io.phalanx.llm.serving;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.llm.tokenizer.HuggingFaceTokenizer;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.NodeAgent;
import io.phalanx.runtime.collective.ProcessGroups;
import io.phalanx.runtime.metrics.Metrics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * Replicas with their router, each with one rank that computes nothing but may let each step take a
 * while, and the way to them.
 */
public final class StandInReplicas {
  /** KV blocks that are enough for any load. */
  public static final int BLOCKS = 16_384;

  /**
   * What the ranks are.
   *
   * @param modelDirectory where configuration and tokenizer are
   * @param step how long each step takes
   * @param blocks how many KV blocks each has
   */
  public record Ranks(Path modelDirectory, Duration step, int blocks) {}

  private final Map<String, Replica.BacklogReport> reports = new ConcurrentHashMap<>();
  private final CountDownLatch reachable;
  private final DeployedModel model;

  private StandInReplicas(LlmConfig config, int count, Metrics metrics) {
    this.reachable = new CountDownLatch(count);
    this.model = new DeployedModel(config, 0, metrics, () -> {});
  }

  /** Starts one replica whose steps take no time and waits until it can be asked. */
  public static ModelHandle start(
      ActorTestKit testKit, Path modelDirectory, int streams, Metrics metrics) {
    LlmConfig config =
        LlmConfig.builder().modelId("stand-in").maxNumSeqs(streams).maxModelLen(512).build();
    Ranks ranks = new Ranks(modelDirectory, Duration.ZERO, BLOCKS);
    return start(testKit, config, 1, ranks, metrics).model();
  }

  /**
   * Starts replicas and waits until they can be asked.
   *
   */
  public static StandInReplicas start(
      ActorTestKit testKit,
      LlmConfig config,
      int count,
      Ranks ranks,
      Metrics metrics) {
    ServingEnvironment environment =
        new ServingEnvironment(
            (source, progress) -> new ModelFiles(source, ranks.modelDirectory(), null),
            HuggingFaceTokenizer::load,
            ProcessGroups::join,
            (directory, rank, settings, progress) -> new Runner(ranks),
            ServingSettings.of(ConfigFactory.load()));
    StandInReplicas replicas = new StandInReplicas(config, count, metrics);
    replicas.model.filesLoaded(ReplicaModel.load(config, environment));
    ActorRef<ReplicaGang.Command> owner = testKit.spawn(owner());
    DeploymentVersion version =
        new DeploymentVersion("1", 1, config, DeploymentVersion.Trial.GOOD);
    for (int i = 0; i < count; i++) {
      ActorRef<NodeAgent.Command> agent = testKit.spawn(FakeNode.create(environment));
      BundlePlacement placement = new BundlePlacement(0, "node", "127.0.0.1:1", List.of(), agent);
      String name = config.modelId() + "-" + i;
      ReplicaSpec spec = new ReplicaSpec(name, version, i, List.of(placement), owner);
      testKit.spawn(Replica.create(spec, environment));
    }
    replicas.model.routeBy(
        testKit.spawn(
            ReplicaRouter.create(
                config, "1", environment.settings(), replicas.new Listener(), backlog -> {})));
    replicas.await();
    return replicas;
  }

  private void await() {
    try {
      reachable.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns the way to the replicas. */
  public ModelHandle model() {
    return model;
  }

  /** Returns which share of all prompts' tokens the replicas found in their caches. */
  public double cacheHitShare() {
    long hits = 0;
    long queries = 0;
    for (Replica.BacklogReport report : reports.values()) {
      hits += report.stats().prefixCacheHits();
      queries += report.stats().prefixCacheQueries();
    }
    return (double) hits / Math.max(1, queries);
  }

  /** Returns how many tokens each replica has generated, fewest first. */
  public List<Long> generatedTokens() {
    return reports.values().stream().map(r -> r.stats().generationTokens()).sorted().toList();
  }

  /** Activates each replica as soon as it is ready. */
  private static Behavior<ReplicaGang.Command> owner() {
    return Behaviors.receive(ReplicaGang.Command.class)
        .onMessage(
            ReplicaGang.Ready.class,
            ready -> {
              ready.actor().tell(new Replica.Activate());
              return Behaviors.same();
            })
        .onAnyMessage(any -> Behaviors.same())
        .build();
  }

  private final class Listener implements RouterListener {
    @Override
    public void onReplicas(int count) {
      model.onReplicas(count);
    }

    @Override
    public void onReport(Replica.BacklogReport report) {
      model.onReport(report);
      if (reports.put(report.name(), report) == null) {
        reachable.countDown();
      }
    }

    @Override
    public void onReplicaLost(ActorRef<Replica.Command> replica) {
      model.onReplicaLost(replica);
    }
  }

  private static final class Runner implements ModelRunner {
    private final Ranks ranks;

    private Runner(Ranks ranks) {
      this.ranks = ranks;
    }

    @Override
    public int numBlocks() {
      return ranks.blocks();
    }

    @Override
    public void execute(ModelInput input) {
      long stepNanos = ranks.step().toNanos();
      long end = System.nanoTime() + stepNanos;
      for (long left = stepNanos; left > 0; left = end - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
    }

    @Override
    public StepOutput end(ModelInput input) {
      int[] tokenIds = new int[input.samples().size()];
      Arrays.setAll(tokenIds, i -> 5 + i % 200);
      return new StepOutput(input.step(), tokenIds);
    }

    @Override
    public void close() {}
  }
}
