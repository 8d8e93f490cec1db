package io.phalanx.llm.hub;

/** A process that resolves the model source of its argument. */
public final class ResolveMain {

  private ResolveMain() {}

  /** Resolves {@code args[0]} with the settings of the environment. */
  public static void main(String[] args) {
    ModelSource.resolve(args[0], HubSettings.ofEnvironment(), ProgressListener.NONE);
  }
}
