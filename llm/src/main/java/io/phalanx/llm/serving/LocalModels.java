package io.phalanx.llm.serving;

import io.phalanx.llm.hub.FetchProgress;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.hub.ModelSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The models of this machine; whoever asks for a model that is being fetched waits for it. */
final class LocalModels implements ServingEnvironment.Models {
  private static final long BYTES_PER_MEGABYTE = 1_000_000;

  private final HubSettings settings;
  private final Map<String, Object> lockOfSource = new ConcurrentHashMap<>();

  LocalModels(HubSettings settings) {
    this.settings = settings;
  }

  @Override
  public ModelFiles resolve(String source, Consumer<String> progress) {
    synchronized (lockOfSource.computeIfAbsent(source, any -> new Object())) {
      return ModelSource.resolve(source, settings, fetched -> progress.accept(describe(fetched)));
    }
  }

  /** Fetches no weights. */
  @Override
  public ModelFiles resolveTokenizer(String source, Consumer<String> progress) {
    synchronized (lockOfSource.computeIfAbsent(source, any -> new Object())) {
      return ModelSource.resolveTokenizer(
          source, settings, fetched -> progress.accept(describe(fetched)));
    }
  }

  private static String describe(FetchProgress progress) {
    return String.format(
        "fetching %s: %s (%d of %d), %d of %d MB",
        progress.source(),
        progress.file(),
        progress.fileNumber(),
        progress.fileCount(),
        progress.fetchedBytes() / BYTES_PER_MEGABYTE,
        progress.totalBytes() / BYTES_PER_MEGABYTE);
  }
}
