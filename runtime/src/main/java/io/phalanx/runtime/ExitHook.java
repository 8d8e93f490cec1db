package io.phalanx.runtime;

/** An action at the JVM's exit, such as by Ctrl-C, that can be taken back. */
final class ExitHook {
  private final Thread thread;

  private ExitHook(Thread thread) {
    this.thread = thread;
  }

  /** Lets {@code action} run at the JVM's exit, unless the JVM exits already. */
  static ExitHook install(String name, Runnable action) {
    Thread thread = new Thread(action, name);
    try {
      Runtime.getRuntime().addShutdownHook(thread);
    } catch (IllegalStateException exiting) {
      // The hooks run already: what this one would stop ends with the JVM.
    }
    return new ExitHook(thread);
  }

  /** Takes the action back, unless the JVM exits already. */
  void remove() {
    try {
      Runtime.getRuntime().removeShutdownHook(thread);
    } catch (IllegalStateException exiting) {
      // The hook runs, or has run: there is nothing left to take back.
    }
  }
}
