package io.phalanx.runtime;

import com.typesafe.config.Config;
import io.phalanx.runtime.device.DeviceProbe;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.jspecify.annotations.Nullable;

/**
 * One running node: an actor system that is a member of a cluster and runs the components of its
 * roles. It stops when {@link #stop} is called, when the JVM exits, or when the cluster removes it;
 * each time it leaves the cluster first where it can.
 */
public final class PhalanxNode implements AutoCloseable {
  /** How long to wait for the actor system's end after all phases of its shutdown. */
  private static final Duration LAST_WAIT = Duration.ofSeconds(5);

  static final String SYSTEM_NAME = "phalanx";

  private enum StopReason implements CoordinatedShutdown.Reason {
    STOPPED
  }

  private static final Optional<CoordinatedShutdown.Reason> STOPPED =
      Optional.of(StopReason.STOPPED);

  private final NodeContext context;
  private final ActorSystem<?> system;
  private final ExitHook exitHook;
  private final CompletableFuture<Done> up = new CompletableFuture<>();

  private PhalanxNode(NodeContext context, ActorSystem<?> system) {
    this.context = context;
    this.system = system;
    this.exitHook = ExitHook.install("phalanx-node-exit", this::stopNow);
    system.getWhenTerminated().whenComplete((done, failure) -> exitHook.remove());
  }

  /** Starts a node with the components of every {@link NodeComponentProvider} found. */
  public static PhalanxNode start(Config config, NodeSettings settings, Optional<String> join) {
    return start(config, settings, join, foundProviders());
  }

  /**
   * Starts a node and waits until the cluster has taken it in.
   *
   * @param config the whole configuration, resolved
   * @param settings what the node is
   * @param join {@code HOST:PORT} of a node whose cluster is joined; empty to form a new one
   * @param providers what the node runs
   * @throws ServingException {@code INVALID_CONFIGURATION} if the address is taken or not on this
   *     machine; {@code TIMEOUT} if nobody answers there within {@code phalanx.node.join-timeout}
   */
  public static PhalanxNode start(
      Config config,
      NodeSettings settings,
      Optional<String> join,
      List<NodeComponentProvider> providers) {
    Optional<NodeAddress> address = join.map(NodeAddress::parse);
    Duration timeout = joinTimeout(config);
    if (address.isPresent() && !address.get().awaitListening(timeout)) {
      throw noCluster(address, timeout, null);
    }
    DeviceProbe probe =
        new DeviceProbe(
            settings.gpus(), settings.cpus(), settings.memoryBytes(), settings.acceleratorType());
    NodeContext context = new NodeContext(settings, config, probe.find(), new Metrics());
    PhalanxNode node = create(context, providers);
    node.join(address);
    return node;
  }

  static List<NodeComponentProvider> foundProviders() {
    return ServiceLoader.load(NodeComponentProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  /** Starts the actor system; the node is not yet in a cluster. */
  static PhalanxNode create(NodeContext context, List<NodeComponentProvider> providers) {
    List<NodeComponent> components =
        providers.stream().flatMap(p -> p.components(context).stream()).toList();
    NodeSettings settings = context.settings();
    try {
      return new PhalanxNode(
          context,
          ActorSystem.create(
              NodeGuardian.create(context, components),
              SYSTEM_NAME,
              NodeConfig.of(context.config(), settings)));
    } catch (RuntimeException e) {
      if (String.valueOf(e.getMessage()).contains("bind")) {
        throw new ServingException(
            ErrorCode.INVALID_CONFIGURATION,
            "phalanx.node.port: ["
                + settings.port()
                + "] on ["
                + settings.host()
                + "] cannot be bound; stop what uses it, or give another port or 0",
            e);
      }
      throw e;
    }
  }

  /** Joins the cluster at {@code address}, or forms one, and waits to be a member that is up. */
  void join(Optional<NodeAddress> address) {
    beginJoin(address);
    awaitUp(address);
  }

  /** Begins to join the cluster at {@code address}, or to form one. */
  void beginJoin(Optional<NodeAddress> address) {
    org.apache.pekko.cluster.Cluster.get(system.classicSystem())
        .registerOnMemberUp(() -> up.complete(Done.getInstance()));
    Cluster cluster = Cluster.get(system);
    if (address.isPresent()) {
      cluster.manager().tell(new JoinSeedNodes(List.of(address.get().toClusterAddress())));
    } else {
      cluster.manager().tell(new Join(cluster.selfMember().address()));
    }
  }

  /** Waits to be a member that is up. */
  void awaitUp(Optional<NodeAddress> address) {
    Duration timeout = joinTimeout(context.config());
    CompletableFuture<Done> terminated = system.getWhenTerminated().toCompletableFuture();
    try {
      CompletableFuture.anyOf(up, terminated).get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      stop();
      throw noCluster(address, timeout, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stop();
    } catch (ExecutionException e) {
      throw new ServingException(ErrorCode.INTERNAL, "the node failed to start", e);
    }
    if (terminated.isDone() && !up.isDone()) {
      throw stoppedWhileStarting(address, system);
    }
  }

  private static Duration joinTimeout(Config config) {
    return config.getDuration("phalanx.node.join-timeout");
  }

  private static ServingException noCluster(
      Optional<NodeAddress> address, Duration timeout, @Nullable Exception cause) {
    String where = address.map(a -> "no cluster answers at [" + a + "]").orElse("no cluster");
    return new ServingException(
        ErrorCode.TIMEOUT,
        where + " within phalanx.node.join-timeout = " + timeout.toSeconds() + " s; is it up?",
        cause);
  }

  private static ServingException stoppedWhileStarting(
      Optional<NodeAddress> address, ActorSystem<?> system) {
    if (CoordinatedShutdown.get(system).getShutdownReason().equals(STOPPED)) {
      return new ServingException(ErrorCode.NOT_READY, "the node was stopped while it started");
    }
    String hint =
        address
            .map(
                a ->
                    "; what listens at ["
                        + a
                        + "] may be no node of Phalanx: give the port that"
                        + " serve prints for its nodes")
            .orElse("; the log has the reason");
    return new ServingException(ErrorCode.INTERNAL, "the node stopped while it started" + hint);
  }

  /** Returns what the node's components were made from. */
  public NodeContext context() {
    return context;
  }

  /** Returns the actor system. */
  public ActorSystem<?> system() {
    return system;
  }

  /** Returns where other nodes reach this one. */
  public NodeAddress address() {
    return NodeAddress.of(system);
  }

  /** Returns a stage that completes when the node has stopped, whoever stopped it. */
  public CompletionStage<Done> whenTerminated() {
    return system.getWhenTerminated();
  }

  /**
   * Returns a stage that completes when the cluster has had no node with the role {@code control}
   * for {@code patience}, so that nothing will be placed on this one any more.
   */
  public CompletionStage<Done> whenWithoutControl(Duration patience) {
    CompletableFuture<Done> without = new CompletableFuture<>();
    system.systemActorOf(
        ControlWatch.create(patience, () -> without.complete(Done.getInstance())),
        "control-watch",
        Props.empty());
    return without;
  }

  /** Returns whether the node that runs this actor system has begun to stop, or has stopped. */
  public static boolean isStopping(ActorSystem<?> system) {
    return CoordinatedShutdown.get(system).getShutdownReason().isPresent();
  }

  /**
   * Drains, leaves the cluster and stops the node; returns when that is done. Where the actor
   * system does not end although every phase of its shutdown is over, which Pekko's TLS connections
   * may cause, it is not waited for.
   */
  public void stop() {
    exitHook.remove();
    stopNow();
  }

  /** The same as {@link #stop}. */
  @Override
  public void close() {
    stop();
  }

  /** Leaves the stopping at the JVM's exit to another, such as the local cluster. */
  void removeExitHook() {
    exitHook.remove();
  }

  /**
   * Makes a stop of this node wait, once it has left the cluster, for that of the others before its
   * actor system ends. It waits no longer than the timeout of that phase of Pekko's shutdown.
   */
  void endAfter(List<PhalanxNode> others) {
    CoordinatedShutdown.get(system)
        .addTask(
            CoordinatedShutdown.PhaseBeforeActorSystemTerminate(),
            "others-end",
            () -> stopAll(others));
  }

  private static CompletionStage<Done> stopAll(List<PhalanxNode> nodes) {
    return CompletableFuture.allOf(
            nodes.stream().map(PhalanxNode::beginStop).toArray(CompletableFuture[]::new))
        .thenApply(ended -> Done.getInstance());
  }

  private void stopNow() {
    beginStop().join();
  }

  private CompletableFuture<Done> beginStop() {
    return CoordinatedShutdown.get(system)
        .runAll(StopReason.STOPPED)
        .toCompletableFuture()
        .thenCompose(phases -> terminated());
  }

  private CompletableFuture<Done> terminated() {
    return system
        .getWhenTerminated()
        .toCompletableFuture()
        .completeOnTimeout(Done.getInstance(), LAST_WAIT.toMillis(), TimeUnit.MILLISECONDS);
  }
}
