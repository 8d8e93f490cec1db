package io.phalanx.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What tests of the command line share: a run, what it said, and files for it. */
abstract class CommandFixture {
  static final String EMBEDDED =
      """
      model-loading-config { model-id = a, model-source = embedded }, accelerator-type = L4
      """;

  @TempDir Path directory;

  final StringWriter out = new StringWriter();
  final StringWriter err = new StringWriter();

  int run(String... arguments) {
    CommandLine line = PhalanxCommand.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }

  String file(String text) throws Exception {
    return Files.writeString(directory.resolve("my.conf"), text).toString();
  }

  static String models(String further) {
    return "phalanx.llm-configs = [ { " + EMBEDDED + further + " } ]";
  }

  void assertOneLine(String... parts) {
    assertThat(err.toString()).startsWith("phalanx: ").contains(parts);
    assertThat(err.toString().strip().lines()).hasSize(1);
  }
}
