package io.phalanx.http;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.serving.StandInReplicas;
import io.phalanx.runtime.metrics.Metrics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * How long the first token takes over HTTP, over a model that computes nothing, while 256 streams
 * are always open: each client that has its answer sends its next request on the same connection.
 * The time is the client's, from its request's write to the first byte of the answer, so it holds
 * the sockets and the one thread of all clients too.
 *
 * <p>Arguments: streams, output tokens of each, seconds, pause between a client's requests in
 * milliseconds; the defaults are 256, 64, 12 and 0. The first half of the time warms up.
 */
public final class FirstTokenBenchmark {
  private static final int[] DEFAULTS = {256, 64, 12, 0};
  private static final int BUFFER_BYTES = 1 << 16;
  private static final byte[] END = "[DONE]".getBytes(StandardCharsets.US_ASCII);
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;

  /** One client and where it stands. */
  private static final class Client {
    private long sentNanos;
    private long resumeNanos;
    private boolean waiting;
    private int matched;
  }

  private final int[] sizes;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final List<Double> millis = new ArrayList<>();
  private final List<SelectionKey> paused = new ArrayList<>();
  private long answers;
  private boolean measuring;

  private FirstTokenBenchmark(int[] sizes) {
    this.sizes = sizes;
  }

  /** Runs and prints the percentiles. */
  public static void main(String[] args) throws IOException {
    int[] sizes = DEFAULTS.clone();
    for (int i = 0; i < args.length; i++) {
      sizes[i] = Integer.parseInt(args[i]);
    }
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    Path directory = Path.of("../llm/src/test/resources/golden/llama-tiny");
    ModelHandle model = StandInReplicas.start(testKit, directory, sizes[0], new Metrics());
    try (TestServer server = TestServer.start(FakeModels.of(model))) {
      new FirstTokenBenchmark(sizes).run(URI.create(server.baseUrl()).getPort());
    } finally {
      testKit.shutdownTestKit();
    }
  }

  private void run(int port) throws IOException {
    long start = System.nanoTime();
    long half = (long) (sizes[2] * NANOS_PER_SECOND / 2);
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < sizes[0]; i++) {
        connect(selector, port);
      }
      while (System.nanoTime() - start < 2 * half) {
        measuring = System.nanoTime() - start >= half;
        selector.select(this::read, 1);
        resume();
      }
    }
    millis.sort(null);
    System.out.printf(
        "%d streams of %d tokens, pause %d ms: first byte after %.2f ms (median), %.2f ms (p99), %.2f"
            + " ms (slowest); %,.0f events/s%n",
        sizes[0],
        sizes[1],
        sizes[3],
        at(0.5),
        at(0.99),
        at(1),
        answers * sizes[1] * NANOS_PER_SECOND / half);
  }

  private double at(double share) {
    return millis.get((int) Math.round(share * (millis.size() - 1)));
  }

  private void connect(Selector selector, int port) throws IOException {
    SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.configureBlocking(false);
    Client client = new Client();
    SelectionKey key = channel.register(selector, SelectionKey.OP_READ, client);
    send(key, client);
  }

  private void send(SelectionKey key, Client client) throws IOException {
    client.waiting = true;
    client.matched = 0;
    client.sentNanos = System.nanoTime();
    ((SocketChannel) key.channel()).write(ByteBuffer.wrap(request()));
  }

  /** Lets clients whose pause is over send their next request. */
  private void resume() throws IOException {
    long now = System.nanoTime();
    List<SelectionKey> due = new ArrayList<>();
    paused.removeIf(
        key -> ((Client) key.attachment()).resumeNanos - now <= 0 && due.add(key));
    for (SelectionKey key : due) {
      send(key, (Client) key.attachment());
    }
  }

  private void read(SelectionKey key) {
    try {
      Client client = (Client) key.attachment();
      buffer.clear();
      int count = ((SocketChannel) key.channel()).read(buffer);
      if (count < 0) {
        throw new IllegalStateException("the server closed a connection");
      }
      if (client.waiting && count > 0) {
        client.waiting = false;
        if (measuring) {
          millis.add((System.nanoTime() - client.sentNanos) / NANOS_PER_MILLI);
        }
      }
      if (endsIn(client, count)) {
        answers += measuring ? 1 : 0;
        client.resumeNanos = System.nanoTime() + (long) (sizes[3] * NANOS_PER_MILLI);
        paused.add(key);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns whether the last event is among the bytes just read, or ended by them. */
  private boolean endsIn(Client client, int count) {
    for (int i = 0; i < count; i++) {
      byte next = buffer.get(i);
      client.matched = next == END[client.matched] ? client.matched + 1 : next == END[0] ? 1 : 0;
      if (client.matched == END.length) {
        client.matched = 0;
        return true;
      }
    }
    return false;
  }

  private byte[] request() {
    String body =
        "{\"model\":\"stand-in\",\"stream\":true,\"ignore_eos\":true,\"temperature\":0,\"max_tokens\":"
            + sizes[1]
            + ",\"prompt\":[1,2,3,4]}";
    String head =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: "
            + body.length()
            + "\r\n\r\n";
    return (head + body).getBytes(StandardCharsets.US_ASCII);
  }
}
