package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/**
 * The placement groups of a cluster, for a program on any of its nodes: create, wait for, remove,
 * list, show, explain and plan them, and drain nodes. Stages fail with {@code TIMEOUT} if no
 * manager answers in time.
 */
public final class PlacementGroups {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);

  private static final AtomicLong CHILDREN = new AtomicLong();

  private final ActorSystem<?> system;
  private final ActorRef<PlacementGroupManager.Command> manager;
  private final PlacementSettings settings;

  private PlacementGroups(ActorSystem<?> system) {
    this.system = system;
    this.manager = PlacementGroupManager.init(system);
    this.settings = PlacementSettings.of(system.settings().config());
  }

  /** Returns the groups of the cluster that {@code system} is a node of. */
  public static PlacementGroups of(ActorSystem<?> system) {
    return new PlacementGroups(system);
  }

  /**
   * Asks for a group and returns at once. Whether it can be placed, {@link PlacementGroup#ready}
   * and {@link #show} tell.
   */
  public PlacementGroup create(PlacementGroupSpec spec) {
    CompletableFuture<GroupCreated> ready = new CompletableFuture<>();
    CompletableFuture<Done> removed = new CompletableFuture<>();
    ActorRef<GroupOwner.Command> owner =
        system.systemActorOf(
            GroupOwner.create(spec, manager, settings, new GroupOwner.Outcome(ready, removed)),
            "group-owner-" + CHILDREN.incrementAndGet(),
            Props.empty());
    return new PlacementGroup(spec, owner, ready, removed);
  }

  /** Frees all that a group holds, whoever asked for it; completes once all is free. */
  public CompletionStage<Done> remove(String groupId) {
    return this.<GroupEvent>ask(replyTo -> new PlacementGroupManager.Remove(groupId, replyTo))
        .thenApply(event -> Done.getInstance());
  }

  /** Returns all groups, in the order in which they were asked for. */
  public CompletionStage<List<GroupView>> list() {
    return describe().thenApply(PlacementGroupManager.Groups::groups);
  }

  /** Returns all nodes and what is free on them, by address. */
  public CompletionStage<List<NodeView>> nodes() {
    return describe().thenApply(PlacementGroupManager.Groups::nodes);
  }

  /** Returns all nodes, by address, and all groups as they are at one moment. */
  public CompletionStage<PlacementGroupManager.Groups> describe() {
    return ask(PlacementGroupManager.Describe::new);
  }

  /**
   * Waits until the manager knows these nodes, so that a plan does not depend on which of them came
   * first.
   *
   * @param addresses {@code host:port} of each node
   * @return whether all are known; false if {@code timeout} passed before
   */
  public CompletionStage<Boolean> awaitNodes(Set<String> addresses, Duration timeout) {
    CompletableFuture<Boolean> known = new CompletableFuture<>();
    system.systemActorOf(
        NodesWatch.create(manager, addresses, timeout, known),
        "nodes-watch-" + CHILDREN.incrementAndGet(),
        Props.empty());
    return known.minimalCompletionStage();
  }

  /** Returns the group with this id or name; its explanation is of this moment. */
  public CompletionStage<Optional<GroupView>> show(String idOrName) {
    return this.<PlacementGroupManager.Shown>ask(
            replyTo -> new PlacementGroupManager.Show(idOrName, replyTo))
        .thenApply(PlacementGroupManager.Shown::group);
  }

  /**
   * Returns why the group with this id or name waits, bundle by bundle and node by node, and what
   * would make it fit; {@link Explanation#NONE} if it does not wait. Fails with {@code NOT_FOUND}.
   */
  public CompletionStage<Explanation> explain(String idOrName) {
    return show(idOrName)
        .thenApply(group -> group.orElseThrow(() -> notFound("group", idOrName)).explanation());
  }

  /** Returns where a group would go on the cluster after {@code change}; reserves nothing. */
  public CompletionStage<PlanResult> plan(PlacementGroupSpec spec, ClusterChange change) {
    return ask(replyTo -> new PlacementGroupManager.Plan(spec, change, replyTo));
  }

  /**
   * Makes a node take nothing new, or end that; what lies there stays. Completes once the node
   * obeys; fails with {@code NOT_FOUND}.
   *
   * @param node its id or {@code host:port}
   */
  public CompletionStage<Done> drain(String node, boolean draining) {
    return this.<PlacementGroupManager.DrainReply>ask(
            replyTo -> new PlacementGroupManager.Drain(node, draining, replyTo))
        .thenApply(reply -> reply.nodeId().orElseThrow(() -> notFound("node", node)))
        .thenApply(nodeId -> Done.getInstance());
  }

  private static ServingException notFound(String kind, String name) {
    return new ServingException(
        ErrorCode.NOT_FOUND,
        "there is no %s [%s]; list them to see which there are".formatted(kind, name));
  }

  private <T> CompletionStage<T> ask(Function<ActorRef<T>, PlacementGroupManager.Command> message) {
    return AskPattern.<PlacementGroupManager.Command, T>ask(
            manager, message::apply, ANSWER_TIMEOUT, system.scheduler())
        .exceptionally(
            failure -> {
              throw new ServingException(
                  ErrorCode.TIMEOUT,
                  "no placement group manager answered within %d s; is a control node up?"
                      .formatted(ANSWER_TIMEOUT.toSeconds()),
                  failure);
            });
  }
}
