package io.phalanx.llm.hub;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings the wanted files of one model from a hub into the cache. */
final class HubFetcher {
  private static final Logger log = LoggerFactory.getLogger(HubFetcher.class);
  private static final int ATTEMPTS_WITH_A_COPY = 2;
  private static final long MEGABYTE = 1_000_000;

  private final String source;
  private final HubModel model;
  private final HubSettings settings;
  private final ModelParts parts;
  private final ProgressListener listener;
  private final HubCache cache;
  private final HubClient client;

  HubFetcher(
      String source,
      HubModel model,
      HubSettings settings,
      ModelParts parts,
      ProgressListener listener) {
    this.source = source;
    this.model = model;
    this.settings = settings;
    this.parts = parts;
    this.listener = listener;
    this.cache = new HubCache(settings.hubCache(), model);
    this.client = new HubClient(settings, model);
  }

  ModelFiles fetch() {
    Optional<ModelFiles> copy = cache.find(source, parts);
    if (copy.isPresent() && (settings.offline() || model.isPinned())) {
      return copy.get();
    }
    if (settings.offline()) {
      throw new ServingException(
          ErrorCode.MODEL_UNAVAILABLE,
          model
              + " is not in "
              + settings.hubCache()
              + ", or not all of it, and nothing is fetched (HF_HUB_OFFLINE or phalanx.hub.offline);"
              + " fetch it once online, or give a directory.");
    }
    Optional<HubClient.Commit> commit = commit(copy.isPresent());
    return commit.isPresent() ? fetch(commit.get()) : copy.orElseThrow();
  }

  /** Asks which commit is wanted; empty if the hub cannot be asked and a copy is here. */
  private Optional<HubClient.Commit> commit(boolean hasCopy) {
    int attempts = settings.patience().attempts();
    try {
      return Optional.of(
          client.commit(hasCopy ? Math.min(ATTEMPTS_WITH_A_COPY, attempts) : attempts));
    } catch (ServingException e) {
      if (!hasCopy || e.code() != ErrorCode.MODEL_UNAVAILABLE) {
        throw e;
      }
      log.warn("Using the copy of [{}] in the cache: {}", model, e.reason());
      return Optional.empty();
    }
  }

  private ModelFiles fetch(HubClient.Commit commit) {
    List<String> names = names(commit);
    try {
      return cache.hold(() -> fetch(commit.id(), names));
    } catch (IOException e) {
      throw disk(e);
    }
  }

  private ModelFiles fetch(String commit, List<String> names) throws IOException {
    fetchAll(commit, names.stream().filter(name -> !isWeights(name)).toList());
    if (parts == ModelParts.ALL) {
      fetchAll(commit, weights(commit, names));
    }
    cache.rememberCommit(commit);
    return new ModelFiles(source, cache.snapshot(commit), commit);
  }

  private static boolean isWeights(String name) {
    return name.endsWith(".safetensors");
  }

  /** Returns the files that are wanted and whose names are harmless. */
  private List<String> names(HubClient.Commit commit) {
    List<String> names =
        commit.fileNames().stream()
            .filter(HubCache::isSafeName)
            .filter(name -> parts.wants(name) || isWeights(name))
            .toList();
    if (parts == ModelParts.ALL && !names.contains("config.json")) {
      throw unusable("it has no config.json");
    }
    if (parts == ModelParts.TOKENIZER && !names.contains("tokenizer.json")) {
      throw unusable("it has no tokenizer.json");
    }
    if (parts == ModelParts.ALL && names.stream().noneMatch(HubFetcher::isWeights)) {
      throw unusable("it has no *.safetensors, the only format of weights that is read");
    }
    return names;
  }

  /** Returns the weight files: those of the index, or the only one, or all that there are. */
  private List<String> weights(String commit, List<String> names) {
    if (names.contains(HubCache.INDEX)) {
      Set<String> shards = HubCache.shards(cache.snapshot(commit).resolve(HubCache.INDEX));
      Set<String> missing =
          shards.stream().filter(shard -> !names.contains(shard)).collect(Collectors.toSet());
      if (!missing.isEmpty()) {
        throw unusable("its index names files that it has not: " + missing);
      }
      return List.copyOf(shards);
    }
    return names.contains(HubCache.SINGLE_WEIGHTS)
        ? List.of(HubCache.SINGLE_WEIGHTS)
        : names.stream().filter(HubFetcher::isWeights).toList();
  }

  private ServingException unusable(String reason) {
    return new ServingException(
        ErrorCode.INVALID_MODEL,
        model + " on " + settings.endpoint() + " cannot be served: " + reason + ".");
  }

  private void fetchAll(String commit, List<String> names) throws IOException {
    List<RemoteFile> missing = new ArrayList<>();
    for (String name : names) {
      RemoteFile file = client.describe(commit, name);
      if (Files.isRegularFile(cache.blob(file)) && Files.size(cache.blob(file)) == file.size()) {
        cache.link(file, commit);
      } else {
        missing.add(file);
      }
    }
    long total = missing.stream().mapToLong(RemoteFile::size).sum();
    checkSpace(missing, total);
    long done = 0;
    for (int i = 0; i < missing.size(); i++) {
      RemoteFile file = missing.get(i);
      Progress progress = new Progress(file, i + 1, missing.size(), done, total);
      progress.received(0);
      Path incomplete = cache.incomplete(file);
      client.download(commit, file, incomplete, progress::received);
      Files.move(
          incomplete,
          cache.blob(file),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      cache.link(file, commit);
      done += file.size();
    }
  }

  private void checkSpace(List<RemoteFile> files, long total) throws IOException {
    long needed = total;
    for (RemoteFile file : files) {
      Path incomplete = cache.incomplete(file);
      needed -= Files.exists(incomplete) ? Files.size(incomplete) : 0;
    }
    Files.createDirectories(cache.root());
    long free = Files.getFileStore(cache.root()).getUsableSpace();
    if (needed > free) {
      throw new ServingException(
          ErrorCode.MODEL_UNAVAILABLE,
          String.format(
              "%s needs %d MB more in %s, which has %d MB; make space, or set HF_HUB_CACHE"
                  + " elsewhere.",
              model, needed / MEGABYTE + 1, settings.hubCache(), free / MEGABYTE));
    }
  }

  private ServingException disk(IOException e) {
    return new ServingException(
        ErrorCode.MODEL_UNAVAILABLE,
        model
            + " cannot be kept in "
            + settings.hubCache()
            + " ("
            + e
            + "); set HF_HUB_CACHE to a"
            + " directory that can be written and has space.",
        e);
  }

  /** Says how far one file, and all files with it, have come. */
  private final class Progress {
    private final RemoteFile file;
    private final int number;
    private final int count;
    private final long before;
    private final long total;

    Progress(RemoteFile file, int number, int count, long before, long total) {
      this.file = file;
      this.number = number;
      this.count = count;
      this.before = before;
      this.total = total;
    }

    void received(long bytes) {
      listener.onProgress(
          new FetchProgress(source, file.name(), number, count, before + bytes, total));
    }
  }
}
