package io.phalanx.llm.engine;

/**
 * The work that an engine has before it.
 *
 * @param waitingRequests sequences that have not started, or were preempted
 * @param runningRequests sequences that run
 * @param promptTokens tokens known but not yet computed
 * @param decodeTokens tokens still to generate: for each sequence what its limit leaves, at most
 *     the moving average of the engine's finished sequences
 */
public record Backlog(
    int waitingRequests, int runningRequests, long promptTokens, long decodeTokens) {

  /** An engine with nothing to do. */
  public static final Backlog EMPTY = new Backlog(0, 0, 0, 0);

  /** Returns the waiting and the running sequences. */
  public int requests() {
    return waitingRequests + runningRequests;
  }

  /** Returns the tokens to compute and to generate. */
  public long tokens() {
    return promptTokens + decodeTokens;
  }
}
