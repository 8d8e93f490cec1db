package io.phalanx.llm.hub;

import io.phalanx.llm.hub.HubHttp.RefusedException;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts the failures of one fetch, and waits longer after each until it is enough. */
final class Retries {
  private static final Logger log = LoggerFactory.getLogger(Retries.class);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(30);

  private final String what;
  private final int attempts;
  private final Duration firstDelay;
  private int failures;

  Retries(String what, int attempts, Duration firstDelay) {
    this.what = what;
    this.attempts = attempts;
    this.firstDelay = firstDelay;
  }

  /** A request that may fail for a moment. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws IOException;
  }

  <T> T run(Attempt<T> attempt) {
    while (true) {
      try {
        return attempt.run();
      } catch (IOException e) {
        failed(e);
      }
    }
  }

  /** Forgets the failures so far: something came through. */
  void progressed() {
    failures = 0;
  }

  /**
   * Waits before the next attempt.
   *
   * @throws ServingException {@code MODEL_UNAVAILABLE} if there is to be none
   */
  void failed(IOException error) {
    failures++;
    if (failures >= attempts
        || error instanceof RefusedException
        || error instanceof InterruptedIOException) {
      throw new ServingException(
          ErrorCode.MODEL_UNAVAILABLE,
          what + " cannot be fetched: " + error.getMessage() + ".",
          error);
    }
    log.info("Fetching [{}] failed ([{}]), trying again", what, error.getMessage());
    pause(error);
  }

  private void pause(IOException error) {
    long doubled = firstDelay.toMillis() << Math.min(failures - 1, 16);
    long wanted = error instanceof BusyException busy ? busy.delay.toMillis() : 0;
    try {
      Thread.sleep(Math.min(LONGEST_DELAY.toMillis(), Math.max(doubled, wanted)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServingException(
          ErrorCode.MODEL_UNAVAILABLE, what + " is no longer fetched: interrupted.", e);
    }
  }

  /** A server that asks to be asked later. */
  static final class BusyException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Duration delay;

    BusyException(String message, Duration delay) {
      super(message);
      this.delay = delay;
    }
  }
}
