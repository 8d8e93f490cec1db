package io.phalanx.llm.hub;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A small model hub on this machine: an API host, and another host for large files that the first
 * redirects to. It remembers what it was asked, and misbehaves where a test says so.
 */
public final class HubServer implements AutoCloseable {
  static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final int REDIRECTED_FROM_BYTES = 64;

  /** What a host was asked. */
  record Asked(String method, String path, String authorization, String range) {}

  /** How one response goes wrong. */
  enum Fault {
    CUT,
    CORRUPT,
    IGNORE_RANGE,
    STALL
  }

  private final HttpServer hub;
  private final HttpServer largeFiles;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Map<String, byte[]> files = new ConcurrentHashMap<>();
  private final Map<String, ConcurrentLinkedDeque<Integer>> statuses = new ConcurrentHashMap<>();
  private final Map<String, ConcurrentLinkedDeque<Fault>> faults = new ConcurrentHashMap<>();
  private final Map<String, String> redirects = new ConcurrentHashMap<>();
  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private final List<Asked> askedForLargeFiles = new CopyOnWriteArrayList<>();

  /** Starts the server. */
  public HubServer() throws IOException {
    hub = start(this::answer);
    largeFiles = start(this::answerLargeFile);
  }

  private HttpServer start(com.sun.net.httpserver.HttpHandler handler) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", handler);
    server.setExecutor(threads);
    server.start();
    return server;
  }

  /** Returns where it listens. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  HubServer put(String name, byte[] content) {
    files.put(name, content);
    return this;
  }

  /** Puts a file into the repository. */
  public HubServer put(String name, String content) {
    return put(name, content.getBytes(StandardCharsets.UTF_8));
  }

  /** Answers the next request whose path ends so with this status. */
  HubServer failNext(String pathEnd, int status) {
    statuses.computeIfAbsent(pathEnd, any -> new ConcurrentLinkedDeque<>()).add(status);
    return this;
  }

  /** Lets the next transfer of a file go wrong. */
  HubServer spoilNext(String name, Fault fault) {
    faults.computeIfAbsent(name, any -> new ConcurrentLinkedDeque<>()).add(fault);
    return this;
  }

  /** Redirects every path that begins so. */
  HubServer redirect(String from, String to) {
    redirects.put(from, to);
    return this;
  }

  List<Asked> asked() {
    return asked;
  }

  List<Asked> askedForLargeFiles() {
    return askedForLargeFiles;
  }

  static String sha256(byte[] content) {
    MessageDigest digest = Checksum.digest("SHA-256");
    return HexFormat.of().formatHex(digest.digest(content));
  }

  static String gitSha1(byte[] content) {
    MessageDigest digest = Checksum.digest("SHA-1");
    digest.update(("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest.digest(content));
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      asked.add(asked(exchange));
      for (Map.Entry<String, String> redirect : redirects.entrySet()) {
        if (path.startsWith(redirect.getKey())) {
          String rest = path.substring(redirect.getKey().length());
          exchange.getResponseHeaders().set("Location", redirect.getValue() + rest);
          exchange.sendResponseHeaders(307, -1);
          return;
        }
      }
      if (fails(exchange, path)) {
        return;
      }
      if (path.startsWith("/api/models/")) {
        answerInfo(exchange);
      } else {
        answerFile(exchange, path.substring(path.lastIndexOf('/') + 1));
      }
    }
  }

  private boolean fails(HttpExchange exchange, String path) throws IOException {
    for (Map.Entry<String, ConcurrentLinkedDeque<Integer>> entry : statuses.entrySet()) {
      Integer status = path.endsWith(entry.getKey()) ? entry.getValue().poll() : null;
      if (status != null) {
        exchange.getResponseHeaders().set("X-Error-Code", status == 404 ? "RepoNotFound" : "");
        exchange.getResponseHeaders().set("X-Error-Message", "told by the hub");
        exchange.sendResponseHeaders(status, -1);
        return true;
      }
    }
    return false;
  }

  private void answerInfo(HttpExchange exchange) throws IOException {
    ObjectNode info = new ObjectMapper().createObjectNode().put("sha", COMMIT);
    files.keySet().forEach(name -> info.withArray("/siblings").addObject().put("rfilename", name));
    byte[] body = info.toString().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  private void answerFile(HttpExchange exchange, String name) throws IOException {
    byte[] content = files.get(name);
    if (content == null) {
      exchange.getResponseHeaders().set("X-Error-Code", "EntryNotFound");
      exchange.sendResponseHeaders(404, -1);
    } else if (content.length >= REDIRECTED_FROM_BYTES) {
      exchange.getResponseHeaders().set("X-Linked-Etag", '"' + sha256(content) + '"');
      exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
      int port = largeFiles.getAddress().getPort();
      exchange.getResponseHeaders().set("Location", "http://127.0.0.1:" + port + "/" + name);
      exchange.sendResponseHeaders(302, -1);
    } else {
      exchange.getResponseHeaders().set("ETag", "W/\"" + gitSha1(content) + '"');
      send(exchange, name, content);
    }
  }

  private void answerLargeFile(HttpExchange exchange) throws IOException {
    try (exchange) {
      askedForLargeFiles.add(asked(exchange));
      String name = exchange.getRequestURI().getPath().substring(1);
      send(exchange, name, files.getOrDefault(name, new byte[0]));
    }
  }

  private void send(HttpExchange exchange, String name, byte[] content) throws IOException {
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    ConcurrentLinkedDeque<Fault> planned = faults.get(name);
    Fault fault = planned == null ? null : planned.poll();
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = 0;
    if (range != null && fault != Fault.IGNORE_RANGE) {
      from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
    }
    byte[] body = Arrays.copyOfRange(content, from, content.length);
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, body.length == 0 ? -1 : body.length);
    if (fault == Fault.CORRUPT) {
      body[body.length / 2] ^= 1;
    }
    boolean half = fault == Fault.CUT || fault == Fault.STALL;
    exchange.getResponseBody().write(body, 0, half ? body.length / 2 : body.length);
    exchange.getResponseBody().flush();
    if (fault == Fault.STALL) {
      awaitClose();
    }
  }

  private void awaitClose() {
    try {
      closing.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Asked asked(HttpExchange exchange) {
    return new Asked(
        exchange.getRequestMethod(),
        exchange.getRequestURI().getRawPath(),
        String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")),
        String.valueOf(exchange.getRequestHeaders().getFirst("Range")));
  }

  @Override
  public void close() {
    closing.countDown();
    hub.stop(0);
    largeFiles.stop(0);
    threads.shutdownNow();
  }
}
