package io.phalanx.llm.serving;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A {@link ClusterNodeMain} in a child process with this test's class path. */
final class NodeProcess implements AutoCloseable {
  private final Process process;
  private final String address;

  private NodeProcess(Process process, String address) {
    this.process = process;
    this.address = address;
  }

  /** Starts a node and waits until it is in the cluster. */
  static NodeProcess start(String host, int gpus, String join) throws IOException {
    return start(host, gpus, join, "auto");
  }

  /**
   * Starts a node and waits until it is in the cluster.
   *
   * @param transport how its ranks exchange tensors, as configured
   */
  static NodeProcess start(String host, int gpus, String join, String transport)
      throws IOException {
    return start(
        List.of(host, Integer.toString(gpus), join, "worker"),
        Map.of("phalanx.runtime.collective.transport", transport));
  }

  /** Starts a control node that has no devices, with these settings. */
  static NodeProcess startControl(String host, String join, Map<String, String> settings)
      throws IOException {
    return start(List.of(host, "0", join, "control"), settings);
  }

  private static NodeProcess start(List<String> arguments, Map<String, String> settings)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx512m");
    settings.forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), ClusterNodeMain.class.getName()));
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader output =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    StringBuilder log = new StringBuilder();
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith("node ")) {
        Thread reader = new Thread(() -> output.lines().forEach(ignored -> {}), "node output");
        reader.setDaemon(true);
        reader.start();
        return new NodeProcess(process, line.substring("node ".length()));
      }
      log.append(line).append('\n');
    }
    throw new IOException("the node did not start:\n" + log);
  }

  String address() {
    return address;
  }

  /** Ends the process as a crash would. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.onExit().join();
  }
}
