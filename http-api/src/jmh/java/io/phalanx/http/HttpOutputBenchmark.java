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
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * How many tokens a second go from the engine to HTTP clients as server-sent events, over a model
 * that computes nothing. The clients are one thread of the same process that reads and counts.
 *
 * <p>Arguments: streams, output tokens of each, rounds; the defaults are 256, 256 and 30. The first
 * half of the rounds warms up.
 */
public final class HttpOutputBenchmark {
  private static final int[] DEFAULTS = {256, 256, 30};
  private static final int PROMPT_TOKENS = 128;
  private static final int BUFFER_BYTES = 1 << 16;
  private static final double NANOS_PER_SECOND = 1e9;

  private final InetSocketAddress address;
  private final int streams;
  private final int outputTokens;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private long lines;
  private long reads;
  private int open;

  private HttpOutputBenchmark(String baseUrl, int streams, int outputTokens) {
    this.address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), URI.create(baseUrl).getPort());
    this.streams = streams;
    this.outputTokens = outputTokens;
  }

  /** Runs all rounds and prints the tokens a second of each of the second half. */
  public static void main(String[] args) throws IOException {
    int[] sizes = DEFAULTS.clone();
    for (int i = 0; i < args.length; i++) {
      sizes[i] = Integer.parseInt(args[i]);
    }
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    Path directory = Path.of("../llm/src/test/resources/golden/llama-tiny");
    ModelHandle model = StandInReplicas.start(testKit, directory, sizes[0], new Metrics());
    try (TestServer server = TestServer.start(FakeModels.of(model))) {
      HttpOutputBenchmark benchmark = new HttpOutputBenchmark(server.baseUrl(), sizes[0], sizes[1]);
      List<Double> rates = new ArrayList<>();
      for (int round = 0; round < sizes[2]; round++) {
        double rate = benchmark.round(round);
        if (round >= sizes[2] / 2) {
          rates.add(rate);
        }
      }
      rates.sort(null);
      System.out.printf(
          "%d streams, output %d: %,.0f tokens/s (median of %d rounds, %,.0f to %,.0f),"
              + " %.1f tokens a read%n",
          sizes[0],
          sizes[1],
          rates.get(rates.size() / 2),
          rates.size(),
          rates.get(0),
          rates.get(rates.size() - 1),
          (double) sizes[0] * sizes[1] * sizes[2] / benchmark.reads);
    } finally {
      testKit.shutdownTestKit();
    }
  }

  private double round(int round) throws IOException {
    lines = 0;
    open = streams;
    long start = System.nanoTime();
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < streams; i++) {
        SocketChannel channel = SocketChannel.open(address);
        channel.write(ByteBuffer.wrap(request(i, round)));
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
      }
      while (open > 0) {
        selector.select(key -> read(key));
      }
    }
    double seconds = (System.nanoTime() - start) / NANOS_PER_SECOND;
    long least = 2L * streams * (outputTokens + 2);
    if (lines < least) {
      throw new IllegalStateException(lines + " lines came, not " + least);
    }
    return streams * outputTokens / seconds;
  }

  /** Counts the lines that came; closes the channel at its end. */
  private void read(SelectionKey key) {
    SocketChannel channel = (SocketChannel) key.channel();
    try {
      buffer.clear();
      int count = channel.read(buffer);
      if (count < 0) {
        channel.close();
        open--;
        return;
      }
      reads++;
      for (int i = 0; i < count; i++) {
        lines += buffer.get(i) == '\n' ? 1 : 0;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] request(int stream, int round) {
    int[] prompt = new int[PROMPT_TOKENS];
    prompt[0] = stream;
    prompt[1] = round;
    String ids = Arrays.stream(prompt).mapToObj(String::valueOf).collect(Collectors.joining(","));
    String body =
        "{\"model\":\"stand-in\",\"stream\":true,\"ignore_eos\":true,\"temperature\":0,\"max_tokens\":"
            + outputTokens
            + ",\"prompt\":["
            + ids
            + "]}";
    String head =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n";
    return (head + body).getBytes(StandardCharsets.US_ASCII);
  }
}
