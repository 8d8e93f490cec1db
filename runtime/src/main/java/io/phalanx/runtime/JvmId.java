package io.phalanx.runtime;

import java.util.UUID;

/** The identity of this JVM, by which nodes tell whether they share memory. */
public final class JvmId {
  private static final String CURRENT =
      ProcessHandle.current().pid() + "-" + UUID.randomUUID().toString().substring(0, 8);

  private JvmId() {}

  /** Returns the id of this JVM: unique among all that run or ever ran, such as its successors. */
  public static String current() {
    return CURRENT;
  }
}
