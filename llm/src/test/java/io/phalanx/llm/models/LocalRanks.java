package io.phalanx.llm.models;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepExecutor;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.runtime.collective.GroupMember;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.collective.ProcessGroup;
import io.phalanx.runtime.collective.ProcessGroups;
import io.phalanx.runtime.collective.Transport;
import io.phalanx.runtime.device.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** All ranks of one model as threads of this JVM: the {@link StepExecutor} of tests. */
public final class LocalRanks implements StepExecutor, AutoCloseable {
  private static final AtomicLong NEXT_ID = new AtomicLong();
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final List<Rank> ranks = new ArrayList<>();

  private LocalRanks() {}

  /** One rank's thread, groups and runner. */
  private static final class Rank {
    private final ExecutorService thread;
    private final RankContext context;
    private @Nullable RankModelRunner runner;

    Rank(String name, RankContext context) {
      this.thread = Executors.newSingleThreadExecutor(task -> daemon(name, task));
      this.context = context;
    }

    private static Thread daemon(String name, Runnable task) {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    }
  }

  /** Loads every rank of {@code modelDirectory} on the CPU with one thread each. */
  public static LocalRanks load(Path modelDirectory, int tp, int pp, RunnerSettings settings) {
    LocalRanks local = new LocalRanks();
    String name = "local-ranks-" + NEXT_ID.incrementAndGet();
    for (int rank = 0; rank < tp * pp; rank++) {
      int stage = rank / tp;
      int tensorRank = rank % tp;
      ProcessGroup tensorGroup = join(name + "/stage-" + stage, tp, tensorRank);
      ProcessGroup pipelineGroup = join(name + "/tensor-rank-" + tensorRank, pp, stage);
      RankContext context = new RankContext(Device.CPU, tensorGroup, pipelineGroup);
      local.ranks.add(new Rank(name + "-" + rank, context));
    }
    try {
      local.onEach(
          rank -> {
            rank.runner =
                (RankModelRunner)
                    RankModelRunner.load(modelDirectory, rank.context, settings, progress -> {});
            return 0;
          });
    } catch (RuntimeException e) {
      local.close();
      throw e;
    }
    return local;
  }

  private static ProcessGroup join(String name, int size, int rank) {
    GroupSpec spec =
        new GroupSpec(
            name,
            1,
            Collections.nCopies(size, GroupMember.here("127.0.0.1")),
            Transport.MEMORY,
            "",
            TIMEOUT);
    return ProcessGroups.join(spec, rank, Device.CPU);
  }

  /** Returns the least number of KV blocks that a rank has. */
  public int numBlocks() {
    return onEachRunner(ModelRunner::numBlocks).stream().mapToInt(n -> n).min().orElseThrow();
  }

  @Override
  public StepOutput execute(ModelInput input) {
    return onEachRunner(runner -> step(runner, input)).stream()
        .filter(Objects::nonNull)
        .findFirst()
        .orElseThrow();
  }

  private static @Nullable StepOutput step(RankModelRunner runner, ModelInput input) {
    runner.execute(input);
    return runner.end(input);
  }

  /** Computes a step and returns its logits, row after row, of the first rank that has them. */
  float[] logits(ModelInput input) {
    return onEachRunner(runner -> logits(runner, input)).stream()
        .filter(Objects::nonNull)
        .findFirst()
        .orElseThrow();
  }

  private static float @Nullable [] logits(RankModelRunner runner, ModelInput input) {
    runner.execute(input);
    try (PointerScope scope = new PointerScope()) {
      Tensor logits = runner.logits(input);
      if (logits == null) {
        return null;
      }
      float[] values = new float[(int) logits.numel()];
      Tensor contiguous = logits.contiguous();
      new FloatPointer(contiguous.data_ptr_float()).get(values);
      return values;
    }
  }

  /** Calls {@code function} for each runner on its own thread; results in rank order. */
  <T> List<T> onEachRunner(Function<RankModelRunner, T> function) {
    return onEach(rank -> function.apply(Objects.requireNonNull(rank.runner)));
  }

  private <T> List<T> onEach(Function<Rank, T> function) {
    List<Future<T>> futures = new ArrayList<>();
    for (Rank rank : ranks) {
      futures.add(rank.thread.submit(() -> callOrAbort(rank, function)));
    }
    List<T> results = new ArrayList<>();
    RuntimeException failure = null;
    for (Future<T> future : futures) {
      try {
        results.add(future.get());
      } catch (ExecutionException e) {
        failure = failure == null ? (RuntimeException) e.getCause() : failure;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
    return results;
  }

  private <T> T callOrAbort(Rank rank, Function<Rank, T> function) {
    try {
      return function.apply(rank);
    } catch (RuntimeException e) {
      rank.context.tensorGroup().abort(e.toString());
      rank.context.pipelineGroup().abort(e.toString());
      throw e;
    }
  }

  @Override
  public void close() {
    onEach(
        rank -> {
          if (rank.runner != null) {
            rank.runner.close();
          }
          rank.context.tensorGroup().close();
          rank.context.pipelineGroup().close();
          return 0;
        });
    ranks.forEach(rank -> rank.thread.shutdown());
  }
}
