package io.phalanx.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line: what it says, and its exit codes. */
final class PhalanxCommandTest extends CommandFixture {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "phalanx.http.prt = 1                       | phalanx.http.prt: unknown key; did you mean",
        "phalanx.htp.port = 1                       | phalanx.htp: unknown key; did you mean [http]",
        "phalanx.hub.endpont = x                    | did you mean [endpoint]",
        "phalanx.hub.stall-timeout = 0              | phalanx.hub.stall-timeout",
        "phalanx.http.port = many                   | phalanx.http.port",
        "phalanx.http.host = 0.0.0.0                | phalanx.http.host: [0.0.0.0] is not a loopback",
        "phalanx.node.host = 192.0.2.1              | phalanx.node.host",
        "phalanx.local-cluster.nodes = 0            | phalanx.local-cluster.nodes",
        "phalanx.llm-configs = []                   | phalanx.llm-configs",
        "llm-configs = []                           | must lie within phalanx",
        "phalanx.http.port =                        | my.conf: ",
        "phalanx.http.host = ${NO_SUCH_VARIABLE}    | NO_SUCH_VARIABLE",
        "phalanks.http.port = 1                     | has no phalanx { ... }; did you mean it by",
        "other = 1                                  | has no phalanx { ... }",
      })
  void serve_wrongFile_saysSoInOneLineAndExitsWith2(String text, String expected) throws Exception {
    assertThat(run("serve", file(text))).isEqualTo(2);

    assertOneLine(expected);
  }

  @Test
  void serve_portInUse_saysSoBeforeAnythingStarts() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String text = models("") + "\nphalanx.http.port = " + taken.getLocalPort();

      assertThat(run("serve", file(text))).isEqualTo(2);

      assertOneLine("127.0.0.1:" + taken.getLocalPort(), "is in use");
      assertThat(out.toString()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"192.0.2.1:4000, loopback", "127.0.0.1, HOST:PORT", "127.0.0.1:0, HOST:PORT"})
  void node_wrongJoinAddress_saysSo(String address, String expected) {
    assertThat(run("node", "--join", address)).isEqualTo(2);

    assertOneLine(expected);
  }

  @Test
  void node_hostBeyondTheMachine_isRefused() {
    assertThat(run("node", "--join", "127.0.0.1:4000", "--host", "192.0.2.1")).isEqualTo(2);

    assertOneLine("phalanx.node.host", "loopback");
  }

  @Test
  void phalanx_wrongArguments_pointToHelp() {
    assertThat(run("node")).isEqualTo(2);
    assertOneLine("--join", "--help");
  }

  @Test
  void phalanx_help_exitsWith0() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("serve", "plan", "node");
  }

  @Test
  void bench_embeddedModel_printsARowForEachWorkloadAndWritesJson() throws Exception {
    Path json = directory.resolve("bench.json");

    int exit =
        run(
            "bench",
            "--streams",
            "1,2",
            "--prompt-tokens",
            "16",
            "--output-tokens",
            "4",
            "--prefill-tokens",
            "64",
            "--json",
            json.toString());

    assertThat(err.toString()).contains("generate, 2 streams [");
    assertThat(exit).isZero();
    assertThat(out.toString().lines()).hasSize(4);
    assertThat(Files.readString(json)).contains("\"workload\" : \"prefill\"");
  }

  @Test
  void bench_moreRequestsThanFit_saysSo() {
    assertThat(run("bench", "--streams", "0")).isEqualTo(2);

    assertOneLine("streams is 0; it must be at least 1");
  }
}
