package io.phalanx.http;

import com.typesafe.config.Config;
import io.phalanx.llm.Models;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metrics;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.io.Inet;
import org.apache.pekko.io.TcpSO;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Tcp;
import org.apache.pekko.stream.javadsl.Tcp.ServerBinding;

/**
 * The OpenAI endpoint of a node: binds, and on the node's coordinated shutdown refuses new
 * requests, lets the running ones end, and closes.
 *
 * <p>Possible transitions:
 *
 * <pre>
 * BINDING -> BOUND     {@link HttpEndpoint} has the address
 * BINDING -> stopped   the address cannot be bound; {@link HttpEndpoint} has the reason
 * </pre>
 */
public final class OpenAiServer extends AbstractBehavior<OpenAiServer.Command> {

  /** What the server tells itself. */
  public sealed interface Command {}

  private record Bound(ServerBinding binding) implements Command {}

  private record BindFailed(Throwable failure) implements Command {}

  private static final Duration LAST_BYTES = Duration.ofSeconds(2);

  /** Creates the server of a node, for these models, without the operator's routes. */
  public static Behavior<Command> create(Config config, Models models, Metrics metrics) {
    return create(config, models, Optional.empty(), metrics);
  }

  /**
   * Creates the server of a node, for these models.
   *
   * @param placement what the operator's routes ask; empty: there are no such routes
   */
  static Behavior<Command> create(
      Config config, Models models, Optional<PlacementGroups> placement, Metrics metrics) {
    HttpSettings settings = HttpSettings.of(config);
    return Behaviors.setup(
        context -> {
          RequestGate gate = new RequestGate();
          ConnectionHandler handler =
              ConnectionHandler.create(
                  context.getSystem(), config, gate, models, placement, metrics);
          OpenAiServer server = new OpenAiServer(context, settings, gate, handler);
          server.bind();
          return server;
        });
  }

  private final HttpSettings settings;
  private final RequestGate gate;
  private final ConnectionHandler handler;
  private CompletionStage<Done> connectionsEnded =
      CompletableFuture.completedFuture(Done.getInstance());

  private OpenAiServer(
      ActorContext<Command> context,
      HttpSettings settings,
      RequestGate gate,
      ConnectionHandler handler) {
    super(context);
    this.settings = settings;
    this.gate = gate;
    this.handler = handler;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Bound.class, this::onBound)
        .onMessage(BindFailed.class, this::onBindFailed)
        .build();
  }

  private void bind() {
    ActorSystem<?> system = getContext().getSystem();
    List<Inet.SocketOption> options = List.of(TcpSO.reuseAddress(true), TcpSO.tcpNoDelay(true));
    Pair<CompletionStage<ServerBinding>, CompletionStage<Done>> running =
        Tcp.get(system)
            .bind(
                settings.host(),
                settings.port(),
                settings.backlog(),
                options,
                true,
                Optional.empty())
            .mapAsyncUnordered(settings.maxConnections(), handler::serve)
            .toMat(Sink.ignore(), Keep.both())
            .run(system);
    connectionsEnded = running.second();
    getContext()
        .pipeToSelf(
            running.first(),
            (bound, failure) -> bound == null ? new BindFailed(failure) : new Bound(bound));
  }

  private Behavior<Command> onBound(Bound message) {
    ServerBinding binding = message.binding();
    CoordinatedShutdown shutdown = CoordinatedShutdown.get(getContext().getSystem());
    shutdown.addTask(
        CoordinatedShutdown.PhaseServiceUnbind(), "openai-unbind", () -> unbind(binding));
    shutdown.addTask(CoordinatedShutdown.PhaseServiceRequestsDone(), "openai-drain", this::drain);
    InetSocketAddress address = binding.localAddress();
    getContext()
        .getLog()
        .info("OpenAI endpoint on [{}:{}]", address.getHostString(), address.getPort());
    HttpEndpoint.of(getContext().getSystem()).bound(address);
    return this;
  }

  private Behavior<Command> onBindFailed(BindFailed message) {
    ServingException failure =
        new ServingException(
            ErrorCode.INVALID_CONFIGURATION,
            HttpSettings.PATH
                + ".port: ["
                + settings.host()
                + ":"
                + settings.port()
                + "] cannot be bound; another program may use it: stop it, or set another port",
            message.failure());
    getContext().getLog().error("{}", failure.reason());
    HttpEndpoint.of(getContext().getSystem()).failed(failure);
    return Behaviors.stopped();
  }

  private CompletionStage<Done> unbind(ServerBinding binding) {
    gate.close();
    return binding.unbind().thenApply(nothing -> Done.getInstance());
  }

  private CompletionStage<Done> drain() {
    return orAfter(settings.drainTimeout(), gate.drained())
        .thenCompose(
            done -> {
              handler.closeAll();
              return orAfter(LAST_BYTES, connectionsEnded);
            });
  }

  private static CompletionStage<Done> orAfter(Duration limit, CompletionStage<Done> stage) {
    return stage
        .toCompletableFuture()
        .copy()
        .completeOnTimeout(Done.getInstance(), limit.toMillis(), TimeUnit.MILLISECONDS);
  }
}
