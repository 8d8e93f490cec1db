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
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** A replica with its router and one rank that computes nothing, and the way to it. */
public final class StandInReplica {
  private static final int BLOCKS = 16_384;

  private StandInReplica() {}

  /**
   * Starts the replica and waits until it can be asked.
   *
   * @param modelDirectory where configuration and tokenizer are
   * @param streams most sequences at the same time
   */
  public static ModelHandle start(
      ActorTestKit testKit, Path modelDirectory, int streams, Metrics metrics) {
    LlmConfig config =
        LlmConfig.builder().modelId("stand-in").maxNumSeqs(streams).maxModelLen(512).build();
    ServingEnvironment environment =
        new ServingEnvironment(
            (source, progress) -> new ModelFiles(source, modelDirectory, null),
            HuggingFaceTokenizer::load,
            ProcessGroups::join,
            (directory, rank, settings, progress) -> new Runner(),
            ServingSettings.of(ConfigFactory.load()));
    CountDownLatch reachable = new CountDownLatch(1);
    DeployedModel model = new DeployedModel(config, 0, metrics, () -> {});
    model.filesLoaded(ReplicaModel.load(config, environment));
    ActorRef<NodeAgent.Command> agent = testKit.spawn(FakeNode.create(environment));
    BundlePlacement placement = new BundlePlacement(0, "node", "127.0.0.1:1", List.of(), agent);
    ActorRef<ReplicaGang.Command> owner = testKit.spawn(owner());
    testKit.spawn(
        Replica.create(
            new ReplicaSpec("stand-in-0", config, "1", List.of(placement), owner), environment));
    model.routeBy(
        testKit.spawn(
            ReplicaRouter.create(config, "1", environment.settings(), new Listener(model, reachable), backlog -> {})));
    try {
      reachable.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return model;
  }

  /** Activates the replica as soon as it is ready. */
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

  private record Listener(DeployedModel model, CountDownLatch reachable) implements RouterListener {
    @Override
    public void onReplicas(int count) {
      model.onReplicas(count);
      if (count > 0) {
        reachable.countDown();
      }
    }

    @Override
    public void onReport(Replica.BacklogReport report) {
      model.onReport(report);
    }

    @Override
    public void onReplicaLost(ActorRef<Replica.Command> replica) {
      model.onReplicaLost(replica);
    }
  }

  private static final class Runner implements ModelRunner {
    @Override
    public int numBlocks() {
      return BLOCKS;
    }

    @Override
    public StepOutput execute(ModelInput input) {
      int[] tokenIds = new int[input.samples().size()];
      Arrays.setAll(tokenIds, i -> 5 + i % 200);
      return new StepOutput(input.step(), tokenIds);
    }

    @Override
    public void close() {}
  }
}
