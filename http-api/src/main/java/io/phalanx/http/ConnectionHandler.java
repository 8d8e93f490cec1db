package io.phalanx.http;

import com.typesafe.config.Config;
import io.phalanx.llm.Models;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.serving.Deployments;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.runtime.metrics.Metric;
import io.phalanx.runtime.metrics.Metrics;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.Route;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.japi.function.Function;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.SystemMaterializer;
import org.apache.pekko.stream.TLSProtocol.SessionBytes;
import org.apache.pekko.stream.TLSProtocol.SslTlsInbound;
import org.apache.pekko.stream.TLSProtocol.SslTlsOutbound;
import org.apache.pekko.stream.javadsl.BidiFlow;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.javadsl.TLSPlacebo;
import org.apache.pekko.stream.javadsl.Tcp;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/** Answers the requests of every connection by the routes, and notices when a client leaves. */
final class ConnectionHandler {
  private static final String PREPARATION_DISPATCHER =
      HttpSettings.PATH + ".preparation-dispatcher";

  /**
   * Requests of one connection in work at once; Pekko HTTP's pipelining limit is the one that
   * counts.
   */
  private static final int MOST_PIPELINED = 1024;

  /** The known paths; others count as one, so that clients cannot make metrics grow. */
  private static final Map<String, String> HANDLERS =
      Map.of(
          "/v1/chat/completions", "chat_completions",
          "/v1/completions", "completions",
          "/v1/models", "models",
          "/health", "health",
          "/metrics", "metrics");

  private static final BidiFlow<SslTlsOutbound, ByteString, ByteString, SslTlsInbound, NotUsed>
      WITHOUT_TLS =
          BidiFlow.fromFlows(
                  Flow.of(SslTlsOutbound.class),
                  Flow.of(SessionBytes.class).map(SslTlsInbound.class::cast))
              .atop(TLSPlacebo.getInstance());

  private final ActorSystem<?> system;
  private final HttpSettings settings;

  /** HTTP over a connection's bytes; made once, since its header parser is slow to make. */
  private final BidiFlow<HttpResponse, ByteString, ByteString, HttpRequest, NotUsed> http;

  private final RequestGate gate;
  private final Metrics metrics;
  private final Function<HttpRequest, CompletionStage<HttpResponse>> routes;
  private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();

  private ConnectionHandler(
      ActorSystem<?> system,
      HttpSettings settings,
      ServerSettings serverSettings,
      RequestGate gate,
      Metrics metrics,
      Route routes) {
    this.system = system;
    this.settings = settings;
    this.http = Http.get(system).serverLayer(serverSettings).atop(WITHOUT_TLS);
    this.gate = gate;
    this.metrics = metrics;
    this.routes = routes.handler(system);
  }

  /**
   * Creates the handler of a node.
   *
   * @param placement what the operator's routes ask; empty: there are none
   */
  static ConnectionHandler create(
      ActorSystem<?> system,
      Config config,
      RequestGate gate,
      Models models,
      Optional<PlacementGroups> placement,
      Metrics metrics) {
    HttpSettings settings = HttpSettings.of(config);
    Materializer materializer = SystemMaterializer.get(system).materializer();
    RequestBodies bodies =
        new RequestBodies(
            settings,
            system.dispatchers().lookup(DispatcherSelector.fromConfig(PREPARATION_DISPATCHER)),
            materializer);
    GenerationRoutes generationRoutes =
        new GenerationRoutes(
            models,
            bodies,
            new GenerationPlanner(),
            new Generation(system.executionContext(), settings.heartbeatInterval()));
    Optional<Route> admin = placement.map(groups -> admin(system, config, groups, bodies));
    Route routes = new OpenAiRoutes(models, metrics, generationRoutes, admin).create();
    return new ConnectionHandler(system, settings, serverSettings(config), gate, metrics, routes);
  }

  private static Route admin(
      ActorSystem<?> system, Config config, PlacementGroups placement, RequestBodies bodies) {
    DeploymentRoutes deployments =
        new DeploymentRoutes(Deployments.of(system), HubSettings.of(config), bodies);
    return new AdminRoutes(placement, deployments, bodies).create();
  }

  private static ServerSettings serverSettings(Config config) {
    Config overrides = config.getConfig(HttpSettings.PATH + ".pekko").atPath("pekko.http");
    return ServerSettings.create(overrides.withFallback(config));
  }

  /** Serves a connection; completes when it is over. */
  CompletionStage<Done> serve(Tcp.IncomingConnection socket) {
    CompletableFuture<Done> ended = new CompletableFuture<>();
    ClientConnection connection = new ClientConnection(system, settings.keepAliveTimeout(), gate);
    open.add(connection);
    Runnable end =
        () -> {
          open.remove(connection);
          ended.complete(Done.getInstance());
        };
    connection.opened();
    http.atop(BidiFlow.fromGraph(new SocketStage(connection::clientLeft, end)))
        .join(socket.flow())
        .join(requestFlow(connection))
        .run(system);
    return ended;
  }

  /** Ends all connections, and with them the requests that still run. */
  void closeAll() {
    open.forEach(ClientConnection::close);
  }

  private Flow<HttpRequest, HttpResponse, NotUsed> requestFlow(ClientConnection connection) {
    return Flow.of(HttpRequest.class)
        .via(connection.<HttpRequest>requests())
        .mapAsync(MOST_PIPELINED, request -> handle(request, connection));
  }

  /**
   * Answers a request. The executor is named because the stage is one of Scala's, which would use
   * the JVM's default one: on a machine of two processors, a new thread for every request.
   */
  private CompletionStage<HttpResponse> handle(HttpRequest request, ClientConnection connection)
      throws Exception {
    ClientConnection.Exchange exchange = connection.begin();
    if (exchange == null) {
      request.discardEntityBytes(system);
      return CompletableFuture.completedFuture(
          connection.isClosed() ? ErrorResponses.clientClosed() : ErrorResponses.draining());
    }
    return routes
        .apply(request.addAttribute(ClientConnection.KEY, connection))
        .handleAsync(
            (response, failure) -> answered(request, exchange, response, failure), Runnable::run);
  }

  private HttpResponse answered(
      HttpRequest request,
      ClientConnection.Exchange exchange,
      @Nullable HttpResponse response,
      @Nullable Throwable failure) {
    HttpResponse answer =
        response != null ? response : ErrorResponses.of(Objects.requireNonNull(failure));
    String status = Integer.toString(answer.status().intValue());
    metrics.counter(Metric.HTTP_REQUESTS, method(request), handler(request), status).inc();
    return exchange.endWith(answer);
  }

  private static String method(HttpRequest request) {
    String name = request.method().name();
    return switch (name) {
      case "GET", "HEAD", "POST", "PUT", "DELETE" -> name;
      default -> "other";
    };
  }

  private static String handler(HttpRequest request) {
    String path = request.getUri().path();
    String known = HANDLERS.get(path);
    if (known != null) {
      return known;
    }
    if (path.startsWith("/admin/")) {
      return "admin";
    }
    return path.startsWith("/v1/models/") ? "models" : "other";
  }
}
