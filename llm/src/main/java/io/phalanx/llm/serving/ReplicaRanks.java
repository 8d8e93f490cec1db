package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.serving.RankAssigner.PlacedBundle;
import io.phalanx.llm.serving.RankAssigner.RankSeat;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.runtime.collective.GroupMember;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.collective.ProcessGroups;
import io.phalanx.runtime.collective.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.pekko.actor.typed.ActorRef;

/** The ranks of one replica: their seats, their workers and the groups that they form. */
final class ReplicaRanks {
  /**
   * How many step timeouts a rank waits for others: so long that the replica has named the rank
   * that they wait for before one of them gives up.
   */
  private static final int WAITS_PER_STEP = 2;

  private final ReplicaSpec spec;
  private final ParallelConfig parallel;
  private final ServingSettings settings;
  private final List<RankSeat> seats;
  private final SortedMap<Integer, Replica.WorkerPrepared> prepared = new TreeMap<>();
  private final SortedMap<Integer, Integer> blocksOfRank = new TreeMap<>();
  private final SortedMap<Integer, Replica.WorkerSteps> steps = new TreeMap<>();
  private final List<GroupSpec> groups = new ArrayList<>();

  ReplicaRanks(ReplicaSpec spec, ServingSettings settings) {
    this.spec = spec;
    this.parallel = spec.config().parallel();
    this.settings = settings;
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
                  neighbours(worker.member())));
    }
  }

  void executeAll(ModelInput input) {
    Worker.Execute execute = new Worker.Execute(input);
    prepared.values().forEach(worker -> worker.worker().tell(execute));
  }

  void endAll(long step) {
    Worker.EndStep end = new Worker.EndStep(step);
    prepared.values().forEach(worker -> worker.worker().tell(end));
  }

  /** Asks every rank how far it is with its steps. */
  void askForSteps(ActorRef<Replica.Command> replyTo) {
    steps.clear();
    prepared.values().forEach(worker -> worker.worker().tell(new Worker.TellSteps(replyTo)));
  }

  void steps(Replica.WorkerSteps answer) {
    steps.put(answer.rank(), answer);
  }

  /** Says which ranks hold the others up, with their nodes. */
  String stuck() {
    StuckRanks stuck = StuckRanks.of(prepared.keySet(), steps.values());
    return named(stuck.ranks()) + stuck.problem();
  }

  private String named(List<Integer> ranks) {
    return ranks.stream()
        .map(rank -> "rank " + rank + " on " + placement(rank).address())
        .collect(Collectors.joining(" and "));
  }

  /** Stops every rank that runs, and removes what they met through. */
  void haltAll(String reason) {
    prepared.values().forEach(worker -> worker.worker().tell(new Worker.Halt(reason)));
    groups.forEach(ProcessGroups::discardMeeting);
    groups.clear();
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

  private Worker.Neighbours neighbours(GroupMember member) {
    return new Worker.Neighbours(
        ranksWith(GroupMember::jvmId, member), ranksWith(GroupMember::machineId, member));
  }

  private int ranksWith(Function<GroupMember, String> place, GroupMember member) {
    return (int)
        prepared.values().stream()
            .filter(worker -> place.apply(worker.member()).equals(place.apply(member)))
            .count();
  }

  private GroupSpec group(String name, int size, IntUnaryOperator rankOfMember) {
    List<GroupMember> members =
        IntStream.range(0, size)
            .map(rankOfMember)
            .mapToObj(rank -> prepared(rank).member())
            .toList();
    Transport transport = Transport.of(settings.ranks().transport(), members);
    GroupSpec group =
        new GroupSpec(
            spec.name() + "/" + name,
            1,
            members,
            transport,
            ProcessGroups.newMeeting(transport),
            settings.stepTimeout().multipliedBy(WAITS_PER_STEP));
    groups.add(group);
    return group;
  }
}
