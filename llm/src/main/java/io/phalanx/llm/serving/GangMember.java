package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.SchedulingDetail;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/** One replica of a {@link ReplicaGang} and what the gang knows of it; changed by the gang only. */
final class GangMember {
  private final String name;
  private ReplicaState state = ReplicaState.PENDING;
  private String message = "";
  private List<BundlePlacement> placements = List.of();
  private @Nullable ReplicaSpec spec;
  private @Nullable ActorRef<Replica.Command> actor;
  private List<RankInfo> ranks = List.of();
  private int maxModelLength;
  private Backlog backlog = Backlog.EMPTY;
  private boolean infeasible;
  private Removal removal = Removal.NONE;

  /** Whether its group is being given back. */
  private enum Removal {
    NONE,
    ASKED,
    OVERDUE,
    DONE
  }

  GangMember(String name) {
    this.name = name;
  }

  /** Returns a member for a replica that runs already. */
  static GangMember adopted(DeploymentController.Announce announced) {
    GangMember member = new GangMember(announced.spec().name());
    member.place(announced.spec().placements());
    member.launched(announced.replica());
    announced.ready().ifPresent(member::ready);
    return member;
  }

  String name() {
    return name;
  }

  ReplicaState state() {
    return state;
  }

  List<BundlePlacement> placements() {
    return placements;
  }

  /** Returns its node as the beginning of a sentence; "" before it has one. */
  String where() {
    return placements.isEmpty() ? "" : "node " + placements.get(0).address() + ": ";
  }

  boolean isPlaced() {
    return !placements.isEmpty();
  }

  boolean isLaunched() {
    return actor != null;
  }

  /** Sends the replica a message, if it has been launched. */
  void tell(Replica.Command message) {
    ActorRef<Replica.Command> replica = actor;
    if (replica != null) {
      replica.tell(message);
    }
  }

  /** Returns what launches the replica; always the same, so that a launch can be repeated. */
  ReplicaSpec spec(GangSpec gang, ActorRef<ReplicaGang.Command> owner) {
    ReplicaSpec first = spec;
    if (first == null) {
      first = new ReplicaSpec(name, gang.version(), gang.ordinal(), placements, owner);
      spec = first;
    }
    return first;
  }

  /** Returns whether the placement group manager has not answered yet. */
  boolean hasNotBeenHeardOf() {
    return state == ReplicaState.PENDING && message.isEmpty();
  }

  boolean isRemoved() {
    return removal == Removal.DONE;
  }

  /** Returns where its gang stands if all its members are like this one. */
  Rollout.Phase phase() {
    return switch (state) {
      case PENDING ->
          infeasible
              ? Rollout.Phase.INFEASIBLE
              : hasNotBeenHeardOf() ? Rollout.Phase.STARTING : Rollout.Phase.WAITING;
      case STARTING, FAILED -> Rollout.Phase.STARTING;
      case READY -> Rollout.Phase.READY;
      case DRAINING -> Rollout.Phase.STOPPING;
    };
  }

  void waitBecause(GroupEvent.GroupPending pending) {
    message = pending.explanation().toString();
    infeasible = pending.detail() == SchedulingDetail.INFEASIBLE;
  }

  void place(List<BundlePlacement> places) {
    placements = List.copyOf(places);
    state = ReplicaState.STARTING;
    message = "starting";
  }

  void launched(ActorRef<Replica.Command> replica) {
    actor = replica;
  }

  void progress(String text) {
    if (state == ReplicaState.STARTING) {
      message = text;
    }
  }

  void ready(ReplicaGang.Ready event) {
    state = ReplicaState.READY;
    message = "";
    ranks = event.ranks();
    maxModelLength = event.maxModelLength();
  }

  void report(Backlog reported) {
    backlog = reported;
  }

  void drain() {
    state = ReplicaState.DRAINING;
    message = "finishing its requests";
  }

  void fail(String why) {
    state = ReplicaState.FAILED;
    message = why;
    actor = null;
    backlog = Backlog.EMPTY;
  }

  /** Returns whether to ask for the removal of its group: once, unless that may be lost. */
  boolean askRemoval() {
    boolean ask = removal == Removal.NONE || removal == Removal.OVERDUE;
    if (ask) {
      removal = Removal.ASKED;
    }
    return ask;
  }

  boolean isRemovalAsked() {
    return removal != Removal.NONE;
  }

  /** Returns whether the removal has been asked for since before the last call, in vain. */
  boolean isRemovalOverdue() {
    boolean overdue = removal == Removal.OVERDUE;
    if (removal == Removal.ASKED) {
      removal = Removal.OVERDUE;
    }
    return overdue;
  }

  void removed() {
    removal = Removal.DONE;
  }

  ReplicaStatus status(GangSpec gang) {
    return new ReplicaStatus(
        name,
        gang.ordinal(),
        gang.version().number(),
        state,
        message,
        ranks,
        maxModelLength,
        backlog);
  }
}
