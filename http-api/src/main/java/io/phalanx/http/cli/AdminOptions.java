package io.phalanx.http.cli;

import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** Where a running cluster is asked, and how its answer is shown. */
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class AdminOptions {
  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:8000",
      description = "The endpoint of the running cluster (default: ${DEFAULT-VALUE}).")
  private String url;

  @Option(names = "--json", description = "Prints JSON and not a table.")
  private boolean json;

  AdminClient client() {
    return new AdminClient(url, json);
  }

  /** Returns a client whose answers are JSON, whatever is shown. */
  AdminClient jsonClient() {
    return new AdminClient(url, true);
  }

  /** Returns whether JSON is shown. */
  boolean json() {
    return json;
  }

  /** Prints an answer where the command prints; returns the exit code. */
  int print(CommandSpec spec, AdminClient.Answer answer) {
    PrintWriter out = spec.commandLine().getOut();
    out.println(answer.body().stripTrailing());
    out.flush();
    return 0;
  }
}
