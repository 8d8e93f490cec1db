package io.phalanx.llm.serving;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.cluster.ddata.Key;
import org.apache.pekko.cluster.ddata.LWWMap;
import org.apache.pekko.cluster.ddata.LWWMapKey;
import org.apache.pekko.cluster.ddata.SelfUniqueAddress;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.ddata.typed.javadsl.Replicator;

/**
 * Records of deployments in Distributed Data: a few maps, each with the models that fall into it,
 * written to and read from most nodes. Each record has one writer, its controller, which has read
 * it before; so of two versions the later one prevails whatever the nodes' clocks say.
 */
final class ReplicatedRecords implements DeploymentRecords {
  /** Into how many maps the models are divided; must be equal on all nodes. */
  private static final int MAPS = 16;

  private static final Duration TIMEOUT = Duration.ofSeconds(3);
  private static final Duration ASK_TIMEOUT = TIMEOUT.plusSeconds(2);

  private final ActorSystem<?> system;
  private final ActorRef<Replicator.Command> replicator;
  private final SelfUniqueAddress self;

  ReplicatedRecords(ActorSystem<?> system) {
    this.system = system;
    DistributedData data = DistributedData.get(system);
    this.replicator = data.replicator();
    this.self = data.selfUniqueAddress();
  }

  private static Key<LWWMap<String, DesiredDeployment>> key(int map) {
    return LWWMapKey.create("phalanx-deployments-" + map);
  }

  private static Key<LWWMap<String, DesiredDeployment>> keyOf(String modelId) {
    return key(Math.floorMod(modelId.hashCode(), MAPS));
  }

  @Override
  public CompletionStage<Optional<DesiredDeployment>> read(String modelId) {
    return get(keyOf(modelId), new Replicator.ReadMajority(TIMEOUT))
        .thenApply(
            map ->
                map.get(modelId).isDefined()
                    ? Optional.of(map.get(modelId).get())
                    : Optional.empty());
  }

  @Override
  public CompletionStage<List<String>> modelIds() {
    return modelIds(new Replicator.ReadMajority(TIMEOUT));
  }

  @Override
  public CompletionStage<List<String>> knownModelIds() {
    return modelIds(Replicator.readLocal());
  }

  private CompletionStage<List<String>> modelIds(Replicator.ReadConsistency consistency) {
    List<CompletableFuture<LWWMap<String, DesiredDeployment>>> maps = new ArrayList<>();
    for (int map = 0; map < MAPS; map++) {
      maps.add(get(key(map), consistency).toCompletableFuture());
    }
    return CompletableFuture.allOf(maps.toArray(CompletableFuture[]::new))
        .thenApply(
            all ->
                maps.stream()
                    .flatMap(map -> map.join().getEntries().keySet().stream())
                    .sorted()
                    .toList());
  }

  private CompletionStage<LWWMap<String, DesiredDeployment>> get(
      Key<LWWMap<String, DesiredDeployment>> key, Replicator.ReadConsistency consistency) {
    return AskPattern
        .<Replicator.Command, Replicator.GetResponse<LWWMap<String, DesiredDeployment>>>ask(
            replicator,
            replyTo -> new Replicator.Get<>(key, consistency, replyTo),
            ASK_TIMEOUT,
            system.scheduler())
        .thenApply(response -> content(key, response));
  }

  private static LWWMap<String, DesiredDeployment> content(
      Key<LWWMap<String, DesiredDeployment>> key,
      Replicator.GetResponse<LWWMap<String, DesiredDeployment>> response) {
    if (response instanceof Replicator.GetSuccess<LWWMap<String, DesiredDeployment>> success) {
      return success.get(key);
    }
    if (response instanceof Replicator.NotFound) {
      return LWWMap.empty();
    }
    throw new IllegalStateException("most nodes did not answer: " + response);
  }

  @Override
  public CompletionStage<Done> write(DesiredDeployment record) {
    return update(record.modelId(), map -> map.put(self, record.modelId(), record));
  }

  @Override
  public CompletionStage<Done> remove(String modelId) {
    return update(modelId, map -> map.remove(self, modelId));
  }

  private CompletionStage<Done> update(
      String modelId,
      Function<LWWMap<String, DesiredDeployment>, LWWMap<String, DesiredDeployment>> change) {
    return AskPattern
        .<Replicator.Command, Replicator.UpdateResponse<LWWMap<String, DesiredDeployment>>>ask(
            replicator,
            replyTo ->
                new Replicator.Update<>(
                    keyOf(modelId),
                    LWWMap.empty(),
                    new Replicator.WriteMajority(TIMEOUT),
                    replyTo,
                    change),
            ASK_TIMEOUT,
            system.scheduler())
        .thenApply(ReplicatedRecords::done);
  }

  private static Done done(Replicator.UpdateResponse<?> response) {
    if (response instanceof Replicator.UpdateSuccess) {
      return Done.getInstance();
    }
    throw new IllegalStateException("most nodes did not confirm: " + response);
  }
}
