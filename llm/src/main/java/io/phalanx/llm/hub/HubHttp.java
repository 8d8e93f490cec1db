package io.phalanx.llm.hub;

import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * HTTP as a hub needs it: the access token goes to the hub alone, never to the hosts that it
 * redirects to, and no redirect leads from https to http.
 */
final class HubHttp {
  private static final int MAX_REDIRECTS = 8;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration TICK = Duration.ofMillis(200);

  /** Called while a response is coming, several times a second; may end it by an exception. */
  @FunctionalInterface
  interface Watch {
    Watch NONE = () -> {};

    void tick() throws IOException;
  }

  private final HubSettings settings;
  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(CONNECT_TIMEOUT)
          .build();

  HubHttp(HubSettings settings) {
    this.settings = settings;
  }

  /** Asks for a page, wherever redirects lead. */
  <T> HttpResponse<T> get(URI uri, Map<String, String> headers, BodyHandler<T> body, Watch watch)
      throws IOException {
    return follow("GET", uri, headers, body, watch, false);
  }

  /** Asks the hub about a page; a redirect to another host is the answer, and is not followed. */
  HttpResponse<Void> head(URI uri) throws IOException {
    return follow("HEAD", uri, Map.of(), HttpResponse.BodyHandlers.discarding(), Watch.NONE, true);
  }

  private <T> HttpResponse<T> follow(
      String method,
      URI uri,
      Map<String, String> headers,
      BodyHandler<T> body,
      Watch watch,
      boolean stayOnHub)
      throws IOException {
    URI at = uri;
    for (int i = 0; i <= MAX_REDIRECTS; i++) {
      HttpResponse<T> response =
          send(request(method, at, headers, watch != Watch.NONE), body, watch);
      Optional<URI> next = redirect(at, response.statusCode(), response.headers());
      if (next.isEmpty() || (stayOnHub && !isHub(next.get()))) {
        return response;
      }
      at = next.get();
    }
    throw new IOException(uri + " redirects more than " + MAX_REDIRECTS + " times");
  }

  /** Builds a request; one that is watched has no time limit of its own. */
  private HttpRequest request(
      String method, URI uri, Map<String, String> headers, boolean watched) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .header("User-Agent", "phalanx")
            .header("Accept-Encoding", "identity");
    headers.forEach(request::header);
    if (!watched) {
      request.timeout(settings.patience().stallTimeout());
    }
    String token = settings.token();
    if (token != null && isHub(uri)) {
      request.header("Authorization", "Bearer " + token);
    }
    return request.build();
  }

  /** Returns whether the page is the hub's own. */
  boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equalsIgnoreCase(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && port(hub) == port(uri);
  }

  private static int port(URI uri) {
    boolean secure = "https".equalsIgnoreCase(uri.getScheme());
    return uri.getPort() >= 0 ? uri.getPort() : secure ? 443 : 80;
  }

  /** Returns where a response leads, if it is a redirect. */
  static Optional<URI> redirect(URI at, int status, HttpHeaders headers) throws IOException {
    boolean redirect =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    String location = headers.firstValue("Location").orElse("");
    if (!redirect || location.isEmpty()) {
      return Optional.empty();
    }
    URI next = resolve(at, location);
    boolean secure = "https".equalsIgnoreCase(next.getScheme());
    boolean web = secure || "http".equalsIgnoreCase(next.getScheme());
    if (!web || next.getHost() == null) {
      throw new RefusedException(at + " redirects to something that is no web page");
    }
    if (!secure && "https".equalsIgnoreCase(at.getScheme())) {
      throw new RefusedException(at + " redirects from https to http, which is refused");
    }
    return Optional.of(next);
  }

  private static URI resolve(URI at, String location) throws IOException {
    try {
      return at.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(at + " redirects to something that is no URL");
    }
  }

  private <T> HttpResponse<T> send(HttpRequest request, BodyHandler<T> body, Watch watch)
      throws IOException {
    CompletableFuture<HttpResponse<T>> response = client.sendAsync(request, body);
    try {
      while (true) {
        try {
          return response.get(TICK.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          watch.tick();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } catch (ExecutionException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof ServingException known) {
          throw known;
        }
      }
      throw new IOException(request.uri().getHost() + ": " + e.getCause(), e);
    } finally {
      response.cancel(true);
    }
  }

  /** An answer that no further attempt will change. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
      super(message);
    }
  }
}
