package io.phalanx.examples;

/** Where the examples find their model. */
final class ModelSources {
  private static final String VARIABLE = "PHALANX_MODEL_SOURCE";

  private ModelSources() {}

  /** Returns the directory or hub name in {@code PHALANX_MODEL_SOURCE}, else the embedded model. */
  static String fromEnvironment() {
    return System.getenv().getOrDefault(VARIABLE, "embedded");
  }
}
