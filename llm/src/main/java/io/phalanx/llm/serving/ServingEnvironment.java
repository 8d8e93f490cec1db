package io.phalanx.llm.serving;

import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.llm.tokenizer.Tokenizer;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.collective.ProcessGroup;
import io.phalanx.runtime.device.Device;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What the serving actors reach beyond themselves: files, tokenizers, process groups and ranks.
 *
 * @param models where a model's files are
 * @param tokenizers loads the tokenizer of a directory
 * @param groups joins process groups
 * @param runners loads the shard of a rank
 * @param settings timings and shares
 */
public record ServingEnvironment(
    Models models,
    Function<Path, Tokenizer> tokenizers,
    Groups groups,
    ModelRunner.Loader runners,
    ServingSettings settings) {

  /** Finds a model's files on this node; may fetch them first. */
  @FunctionalInterface
  public interface Models {

    /**
     * Returns where the tokenizer's files of a source are; blocks while they are fetched. The same
     * as {@link #resolve} unless an implementation can do with fewer files.
     *
     * @param progress hears in words how far that is
     */
    default ModelFiles resolveTokenizer(String source, Consumer<String> progress) {
      return resolve(source, progress);
    }

    /**
     * Returns the files of a model source; blocks while they are fetched or unpacked.
     *
     * @param progress hears in words how far that is
     */
    ModelFiles resolve(String source, Consumer<String> progress);
  }

  /** Joins a process group as one of its ranks; blocks until all ranks have joined. */
  @FunctionalInterface
  public interface Groups {

    /** Joins the group as {@code rank}. */
    ProcessGroup join(GroupSpec spec, int rank, Device device);
  }
}
