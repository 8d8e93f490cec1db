package io.phalanx.http.cli;

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
}
