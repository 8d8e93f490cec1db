package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.serving.RankAssigner.PlacedBundle;
import io.phalanx.llm.serving.RankAssigner.RankSeat;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/** The ranks of one replica: their seats, their workers and the groups that they form. */
final class ReplicaRanks {
  private final ReplicaSpec spec;
  private final ParallelConfig parallel;
  private final Duration stepTimeout;
  private final List<RankSeat> seats;
  private final SortedMap<Integer, Replica.WorkerPrepared> prepared = new TreeMap<>();
  private final SortedMap<Integer, Integer> blocksOfRank = new TreeMap<>();
  private final List<Path> storeFiles = new ArrayList<>();

  ReplicaRanks(ReplicaSpec spec, Duration stepTimeout) {
    this.spec = spec;
    this.parallel = spec.config().parallel();
    this.stepTimeout = stepTimeout;
    this.seats = RankAssigner.assign(parallel, placedBundles(spec));
  }

  private static List<PlacedBundle> placedBundles(ReplicaSpec spec) {
    LlmConfig config = spec.config();
    List<Integer> capacities = ReplicaBundles.ranksPerBundle(config);
    return spec.placements().stream()
        .map(
            placement ->
                new PlacedBundle(
                    placement.bundleIndex(),
                    placement.nodeId(),
                    capacities.get(placement.bundleIndex())))
        .toList();
  }

  /** Returns where each rank sits, in the order of the ranks. */
  List<RankSeat> seats() {
    return seats;
  }

  BundlePlacement placement(int rank) {
    return spec.placements().get(seats.get(rank).bundleIndex());
  }

  /** Returns whether this was the last rank to prepare. */
  boolean prepared(Replica.WorkerPrepared worker) {
    prepared.put(worker.rank(), worker);
    return prepared.size() == seats.size();
  }

  /** Returns whether this was the last rank to load. */
  boolean loaded(Replica.WorkerLoaded worker) {
    blocksOfRank.put(worker.rank(), worker.numBlocks());
    return isLoaded();
  }

  boolean isLoaded() {
    return blocksOfRank.size() == seats.size();
  }

  /** Returns how many KV blocks every rank has. */
  int numBlocks() {
    return blocksOfRank.values().stream().mapToInt(Integer::intValue).min().orElse(0);
  }

  /** Tells every prepared rank its groups. */
  void loadAll() {
    List<GroupSpec> tensorGroups =
        IntStream.range(0, parallel.pipelineParallelSize())
            .mapToObj(
                stage ->
                    group(
                        "stage-" + stage,
                        parallel.tensorParallelSize(),
                        i -> stage * parallel.tensorParallelSize() + i))
            .toList();
    List<GroupSpec> pipelineGroups =
        IntStream.range(0, parallel.tensorParallelSize())
            .mapToObj(
                tensorRank ->
                    group(
                        "pipeline-" + tensorRank,
                        parallel.pipelineParallelSize(),
                        i -> i * parallel.tensorParallelSize() + tensorRank))
            .toList();
    for (RankSeat seat : seats) {
      Replica.WorkerPrepared worker = prepared(seat.rank());
      worker
          .worker()
          .tell(
              new Worker.Load(
                  tensorGroups.get(seat.stage()),
                  seat.tensorRank(),
                  pipelineGroups.get(seat.tensorRank()),
                  seat.stage(),
                  spec.config().engineKwargs(),
                  ranksInJvm(worker.jvmId())));
    }
  }

  void executeAll(ModelInput input) {
    Worker.Execute execute = new Worker.Execute(input);
    prepared.values().forEach(worker -> worker.worker().tell(execute));
  }

  /** Stops every rank that runs, and removes what they met through. */
  void haltAll(String reason) {
    prepared.values().forEach(worker -> worker.worker().tell(new Worker.Halt(reason)));
    for (Path file : storeFiles) {
      deleteQuietly(file);
    }
    storeFiles.clear();
  }

  List<RankInfo> describe() {
    return seats.stream()
        .map(
            seat ->
                new RankInfo(
                    seat.rank(),
                    seat.stage(),
                    seat.tensorRank(),
                    placement(seat.rank()).address(),
                    prepared(seat.rank()).device()))
        .toList();
  }

  private Replica.WorkerPrepared prepared(int rank) {
    Replica.WorkerPrepared worker = prepared.get(rank);
    if (worker == null) {
      throw new IllegalStateException("rank " + rank + " is not prepared");
    }
    return worker;
  }

  private int ranksInJvm(String jvmId) {
    return (int) prepared.values().stream().filter(worker -> worker.jvmId().equals(jvmId)).count();
  }

  private GroupSpec group(String name, int size, IntUnaryOperator rankOfMember) {
    List<Replica.WorkerPrepared> members =
        IntStream.range(0, size).map(rankOfMember).mapToObj(this::prepared).toList();
    List<String> jvmIds = members.stream().map(Replica.WorkerPrepared::jvmId).toList();
    List<String> hosts = members.stream().map(Replica.WorkerPrepared::host).toList();
    boolean oneJvm = jvmIds.stream().distinct().count() == 1;
    String store = oneJvm ? "" : newStoreFile().toString();
    return new GroupSpec(spec.name() + "/" + name, 1, jvmIds, hosts, store, stepTimeout);
  }

  /** Returns a file that does not exist yet, in a directory that only this user can read. */
  private Path newStoreFile() {
    try {
      Path file = Files.createTempDirectory("phalanx-group-").resolve("store");
      storeFiles.add(file);
      return file;
    } catch (IOException e) {
      throw new ServingException(
          ErrorCode.INTERNAL, "No directory for the ranks to meet in: " + e.getMessage(), e);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
      Path directory = file.getParent();
      if (directory != null) {
        Files.deleteIfExists(directory);
      }
    } catch (IOException e) {
      file.toFile().deleteOnExit();
    }
  }
}
