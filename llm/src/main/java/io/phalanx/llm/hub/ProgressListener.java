package io.phalanx.llm.hub;

/** Hears how far the fetching of a model's files has come; called from the fetching thread. */
@FunctionalInterface
public interface ProgressListener {

  /** Hears nothing. */
  ProgressListener NONE = progress -> {};

  /** Called when a file starts, several times a second while bytes come, and when a file ends. */
  void onProgress(FetchProgress progress);
}
