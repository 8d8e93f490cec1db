package io.phalanx.http;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * How much the server adds to the time of the first token while 256 streams run: they are those of a
 * model whose steps take 20 ms, beside a model that computes nothing, which further clients ask one
 * question after the other. The time goes from when the parsed request reaches the model to when the
 * client reads the first byte of the answer, so it holds the sockets and the one thread of all
 * clients too.
 *
 * <p>Arguments: streams, asking clients, seconds; the defaults are 256, 8 and 24. The first half of
 * the time warms up.
 */
public final class FirstTokenBenchmark {
  private static final int[] DEFAULTS = {256, 8, 24};
  private static final Duration STEP = Duration.ofMillis(20);
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final int STREAM_TOKENS = 100;
  private static final int ASKED_TOKENS = 4;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final byte[] END = "\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;

  /** One client and where it stands. */
  private static final class Client {
    private final int number;
    private long resumeNanos;
    private boolean measured;
    private boolean waiting;
    private int matched;

    private Client(int number) {
      this.number = number;
    }
  }

  private final int[] sizes;
  private final AtomicLongArray openedNanos;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private final List<Double> millis = new ArrayList<>();
  private final List<SelectionKey> paused = new ArrayList<>();
  private long answers;
  private boolean measuring;

  private FirstTokenBenchmark(int[] sizes, AtomicLongArray openedNanos) {
    this.sizes = sizes;
    this.openedNanos = openedNanos;
  }

  /** Runs and prints the percentiles. */
  public static void main(String[] args) throws IOException {
    int[] sizes = DEFAULTS.clone();
    for (int i = 0; i < args.length; i++) {
      sizes[i] = Integer.parseInt(args[i]);
    }
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    AtomicLongArray openedNanos = new AtomicLongArray(sizes[0] + sizes[1]);
    ModelHandle streaming = start(testKit, "streaming", sizes[0], STEP);
    ModelHandle asked = new TimedModel(start(testKit, "asked", 16, Duration.ZERO), openedNanos);
    try (TestServer server = TestServer.start(FakeModels.of(streaming, asked))) {
      new FirstTokenBenchmark(sizes, openedNanos).run(URI.create(server.baseUrl()).getPort());
    } finally {
      testKit.shutdownTestKit();
    }
  }

  private static ModelHandle start(ActorTestKit testKit, String id, int streams, Duration step) {
    LlmConfig config = LlmConfig.builder().modelId(id).maxNumSeqs(streams).maxModelLen(512).build();
    Path directory = Path.of("../llm/src/test/resources/golden/llama-tiny");
    StandInReplicas.Ranks ranks =
        new StandInReplicas.Ranks(directory, step, StandInReplicas.BLOCKS);
    return StandInReplicas.start(testKit, config, 1, ranks, new Metrics()).model();
  }

  private void run(int port) throws IOException {
    long start = System.nanoTime();
    long half = (long) (sizes[2] * NANOS_PER_SECOND / 2);
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < sizes[0] + sizes[1]; i++) {
        connect(selector, port, i);
      }
      while (System.nanoTime() - start < 2 * half) {
        measuring = System.nanoTime() - start >= half;
        selector.select(this::read, 1);
        resume();
      }
    }
    millis.sort(null);
    System.out.printf(
        "%d streams, %,.0f of their events/s; first byte of %d other answers after %.2f ms (median),"
            + " %.2f ms (p99), %.2f ms (slowest)%n",
        sizes[0],
        answers * STREAM_TOKENS * NANOS_PER_SECOND / half,
        millis.size(),
        at(0.5),
        at(0.99),
        at(1));
  }

  private double at(double share) {
    return millis.get((int) Math.round(share * (millis.size() - 1)));
  }

  private void connect(Selector selector, int port, int number) throws IOException {
    SocketChannel channel =
        SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.configureBlocking(false);
    Client client = new Client(number);
    SelectionKey key = channel.register(selector, SelectionKey.OP_READ, client);
    send(key, client);
  }

  private void send(SelectionKey key, Client client) throws IOException {
    client.waiting = true;
    client.measured = measuring;
    ((SocketChannel) key.channel()).write(ByteBuffer.wrap(request(client.number)));
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
        if (client.measured && client.number >= sizes[0]) {
          millis.add((System.nanoTime() - openedNanos.get(client.number)) / NANOS_PER_MILLI);
        }
      }
      boolean asks = client.number >= sizes[0];
      if (endsIn(client, count)) {
        answers += measuring && !asks ? 1 : 0;
        client.resumeNanos = System.nanoTime() + (asks ? PAUSE.toNanos() : 0);
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

  private byte[] request(int number) {
    boolean asks = number >= sizes[0];
    String body =
        "{\"model\":\""
            + (asks ? "asked" : "streaming")
            + "\",\"stream\":true,\"ignore_eos\":true,\"max_tokens\":"
            + (asks ? ASKED_TOKENS : STREAM_TOKENS)
            + ",\"prompt\":["
            + number
            + ",2,3,4]}";
    String head =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: "
            + body.length()
            + "\r\n\r\n";
    return (head + body).getBytes(StandardCharsets.US_ASCII);
  }
}
