package io.phalanx.llm.serving;

import java.util.concurrent.CountDownLatch;

/** What holds threads up until a test opens it. */
final class Gate {
  private final CountDownLatch closed = new CountDownLatch(1);

  void open() {
    closed.countDown();
  }

  /** Returns once the gate is open. */
  void pass() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
