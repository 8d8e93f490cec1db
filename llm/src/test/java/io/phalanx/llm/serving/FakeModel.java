package io.phalanx.llm.serving;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.LoadProgress;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.llm.models.RankContext;
import io.phalanx.llm.models.RunnerSettings;
import io.phalanx.llm.tokenizer.FakeTokenizer;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.collective.ProcessGroup;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A model without tensors: each next token is a hash of all tokens before it, read back from the KV
 * blocks, so that a wrong block table or a lost token shows.
 */
final class FakeModel {
  /** The vocabulary of {@code golden/llama-tiny}, whose configuration the fake has. */
  static final int VOCAB_SIZE = 386;

  private volatile boolean failing;
  private volatile @Nullable CountDownLatch gate;

  /** Makes every rank fail at its next step. */
  void failNextStep() {
    failing = true;
  }

  /** Holds every step until the latch opens. */
  void holdAt(CountDownLatch latch) {
    gate = latch;
  }

  ServingEnvironment environment() {
    return environment("");
  }

  /** Returns an environment whose settings differ from the defaults. */
  ServingEnvironment environment(String settings) {
    return new ServingEnvironment(
        (source, progress) -> new ModelFiles(source, golden("llama-tiny"), null),
        directory -> new FakeTokenizer(),
        (spec, rank, device) -> new FakeGroup(spec, rank),
        Runner::new,
        ServingSettings.of(ConfigFactory.parseString(settings).withFallback(ConfigFactory.load())));
  }

  /** Returns the directory of a golden model. */
  static Path golden(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(FakeModel.class.getResource("/golden/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** Returns what greedy generation of {@code count} tokens gives. */
  static List<Integer> continuation(int[] prompt, int count) {
    List<Integer> all = new ArrayList<>();
    for (int token : prompt) {
      all.add(token);
    }
    for (int i = 0; i < count; i++) {
      all.add(next(all));
    }
    return all.subList(prompt.length, all.size());
  }

  private static int next(List<Integer> tokens) {
    return Math.floorMod(tokens.hashCode(), VOCAB_SIZE - 10);
  }

  private final class Runner implements ModelRunner {
    private final RankContext rank;
    private final int blockSize;
    private final int[] slots;

    private Runner(
        Path directory,
        RankContext rank,
        RunnerSettings settings,
        Consumer<LoadProgress> progress) {
      this.rank = rank;
      this.blockSize = settings.blockSize();
      this.slots = new int[settings.numBlocks() * settings.blockSize()];
      progress.accept(new LoadProgress(1, 1));
    }

    @Override
    public int numBlocks() {
      return slots.length / blockSize;
    }

    @Override
    public void execute(ModelInput input) {
      await();
      if (failing) {
        throw new ServingException(ErrorCode.REPLICA_FAILED, "made to fail");
      }
      int offset = 0;
      for (int s = 0; s < input.numSequences(); s++) {
        int length = input.queryLengths()[s];
        for (int i = 0; i < length; i++) {
          slots[slot(input, s, input.contextLengths()[s] - length + i)] =
              input.tokenIds()[offset++];
        }
      }
    }

    @Override
    public @Nullable StepOutput end(ModelInput input) {
      return rank.draws() ? new StepOutput(input.step(), draw(input)) : null;
    }

    private void await() {
      CountDownLatch latch = gate;
      if (latch != null) {
        try {
          latch.await();
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
      }
    }

    private int[] draw(ModelInput input) {
      return input.samples().stream()
          .mapToInt(
              sample -> {
                List<Integer> context = new ArrayList<>();
                for (int p = 0; p < input.contextLengths()[sample.sequence()]; p++) {
                  context.add(slots[slot(input, sample.sequence(), p)]);
                }
                return next(context);
              })
          .toArray();
    }

    private int slot(ModelInput input, int sequence, int position) {
      int block = input.blockTables()[sequence][position / blockSize];
      return block * blockSize + position % blockSize;
    }

    @Override
    public void close() {}
  }

  private record FakeGroup(GroupSpec spec, int rank) implements ProcessGroup {
    @Override
    public int size() {
      return spec.size();
    }

    @Override
    public void allReduce(Tensor tensor) {
      throw unused();
    }

    @Override
    public Tensor allGatherColumns(Tensor tensor) {
      throw unused();
    }

    @Override
    public void send(Tensor tensor, int destination) {
      throw unused();
    }

    @Override
    public void receive(Tensor into, int source) {
      throw unused();
    }

    private static UncheckedIOException unused() {
      throw new AssertionError("the fake model computes without tensors");
    }

    @Override
    public boolean isWaiting() {
      return false;
    }

    @Override
    public void abort(String reason) {}

    @Override
    public void close() {}
  }
}
