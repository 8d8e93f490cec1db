package io.phalanx.placement;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A {@link PlacementNodeMain} in a child process with this test's class path. */
final class NodeProcess implements AutoCloseable {

  /** For nodes of which some are killed: that is noticed sooner, and waiting groups say so more. */
  static final Config SETTINGS =
      ConfigFactory.parseString(
          """
          phalanx.placement.report-interval = 1 s
          phalanx.pekko.cluster {
            failure-detector.acceptable-heartbeat-pause = 3 s
            split-brain-resolver.stable-after = 2 s
          }
          """);

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private String address = "";

  private NodeProcess(Process process, BlockingQueue<NodeProcess> deaf) {
    this.process = process;
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    Thread reader =
        new Thread(() -> output.lines().forEach(line -> sort(line, deaf)), "node output");
    reader.setDaemon(true);
    reader.start();
  }

  private void sort(String line, BlockingQueue<NodeProcess> deaf) {
    if (line.equals("deaf")) {
      deaf.add(this);
    } else {
      lines.add(line);
    }
  }

  /**
   * Starts a node, which then joins; {@link #awaitUp} waits for it.
   *
   * @param deaf gets the node when its agent ignores the first message, as ordered
   */
  static NodeProcess start(int gpus, String join, BlockingQueue<NodeProcess> deaf)
      throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return new NodeProcess(
        new ProcessBuilder(
                List.of(
                    java,
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    PlacementNodeMain.class.getName(),
                    Integer.toString(gpus),
                    join))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start(),
        deaf);
  }

  void awaitUp() throws InterruptedException {
    address = awaitLine("node ", Duration.ofSeconds(60)).substring("node ".length());
  }

  String address() {
    return address;
  }

  /** Tells the node's agent what to ignore: the name of a {@code Deafen}, or {@code HEAR}. */
  void order(String what) throws IOException, InterruptedException {
    OutputStream input = process.getOutputStream();
    input.write((what + "\n").getBytes(StandardCharsets.UTF_8));
    input.flush();
    awaitLine("ordered", Duration.ofSeconds(20));
  }

  private String awaitLine(String start, Duration patience) throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        throw new IllegalStateException("node [" + address + "] did not print [" + start + "]");
      }
      if (line.startsWith(start)) {
        return line;
      }
    }
  }

  /** Ends the process as a crash would. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
