package io.phalanx.runtime.collective;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A child JVM that runs {@link RankPeer}.
 *
 * @param jvmId the child's
 */
record PeerProcess(Process process, BufferedReader output, Writer input, String jvmId)
    implements AutoCloseable {

  /** Starts both ranks and lets them join. */
  static List<PeerProcess> startTwo(Transport transport, String meeting, Duration timeout)
      throws IOException {
    List<PeerProcess> peers =
        List.of(start(0, transport, meeting, timeout), start(1, transport, meeting, timeout));
    for (PeerProcess peer : peers) {
      peer.tell(peers.get(0).jvmId + " " + peers.get(1).jvmId);
    }
    return peers;
  }

  private static PeerProcess start(int rank, Transport transport, String meeting, Duration timeout)
      throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                RankPeer.class.getName(),
                Integer.toString(rank),
                transport.name(),
                meeting,
                Long.toString(timeout.toMillis()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    return new PeerProcess(
        process, output, process.outputWriter(StandardCharsets.UTF_8), output.readLine());
  }

  void tell(String command) throws IOException {
    input.write(command + "\n");
    input.flush();
  }

  /** Returns the peer's next line, past what gloo itself prints. */
  String answer() {
    try {
      String line = output.readLine();
      while (line != null && line.startsWith("[Gloo]")) {
        line = output.readLine();
      }
      return String.valueOf(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
  }
}
