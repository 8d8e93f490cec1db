package io.phalanx.llm.engine;

/**
 * The work that a replica has before it.
 *
 * @param unreadRequests requests that its mailbox holds and its engine has not seen
 * @param waitingRequests sequences that have not started, or were preempted
 * @param runningRequests sequences that run
 * @param promptTokens tokens known to the engine but not yet computed
 * @param decodeTokens tokens still to generate: for each sequence what its limit leaves, at most
 *     the moving average of the engine's finished sequences
 */
public record Backlog(
    int unreadRequests,
    int waitingRequests,
    int runningRequests,
    long promptTokens,
    long decodeTokens) {

  /** Nothing to do. */
  public static final Backlog EMPTY = new Backlog(0, 0, 0, 0);

  /** Creates the backlog of an engine, which knows of no unread requests. */
  public Backlog(int waitingRequests, int runningRequests, long promptTokens, long decodeTokens) {
    this(0, waitingRequests, runningRequests, promptTokens, decodeTokens);
  }

  /** Returns this backlog with so many unread requests. */
  public Backlog withUnread(int requests) {
    return new Backlog(requests, waitingRequests, runningRequests, promptTokens, decodeTokens);
  }

  /** Returns the work of both. */
  public Backlog plus(Backlog other) {
    return new Backlog(
        unreadRequests + other.unreadRequests,
        waitingRequests + other.waitingRequests,
        runningRequests + other.runningRequests,
        promptTokens + other.promptTokens,
        decodeTokens + other.decodeTokens);
  }

  /** Returns the unread, the waiting and the running requests. */
  public int requests() {
    return unreadRequests + waitingRequests + runningRequests;
  }

  /** Returns the tokens to compute and to generate. */
  public long tokens() {
    return promptTokens + decodeTokens;
  }
}
