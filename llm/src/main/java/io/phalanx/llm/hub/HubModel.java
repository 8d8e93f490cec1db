package io.phalanx.llm.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model on a hub: {@code org/name[@revision]}.
 *
 * @param repository {@code org/name}
 * @param revision a branch, tag or commit
 */
record HubModel(String repository, String revision) {
  private static final String PART = "[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?";
  private static final Pattern SOURCE =
      Pattern.compile(
          "(" + PART + "/" + PART + ")(?:@([A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9._-]+)*))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /** Parses a model source; empty if it is no name of a model on a hub. */
  static Optional<HubModel> parse(String source) {
    Matcher matcher = SOURCE.matcher(source);
    if (!matcher.matches() || source.contains("..") || matcher.group(1).contains("--")) {
      return Optional.empty();
    }
    String revision = matcher.group(2);
    return Optional.of(new HubModel(matcher.group(1), revision == null ? "main" : revision));
  }

  /** Returns whether the revision can never mean anything else. */
  boolean isPinned() {
    return isCommit(revision);
  }

  static boolean isCommit(String revision) {
    return COMMIT.matcher(revision).matches();
  }

  /** Returns the name that Hugging Face's cache gives the repository's directory. */
  String directoryName() {
    return "models--" + repository.replace("/", "--");
  }

  @Override
  public String toString() {
    return revision.equals("main") ? repository : repository + "@" + revision;
  }
}
