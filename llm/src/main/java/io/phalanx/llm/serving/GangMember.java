package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.placement.BundlePlacement;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/** One replica of a {@link ReplicaGang} and what the gang knows of it; changed by the gang only. */
final class GangMember {
  private final String name;
  private ReplicaState state = ReplicaState.PENDING;
  private String message = "";
  private List<BundlePlacement> placements = List.of();
  private @Nullable ActorRef<Replica.Command> actor;
  private List<RankInfo> ranks = List.of();
  private int maxModelLength;
  private Backlog backlog = Backlog.EMPTY;
  private boolean removed;

  GangMember(String name) {
    this.name = name;
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

  @Nullable ActorRef<Replica.Command> actor() {
    return actor;
  }

  /** Returns whether the placement group manager has not answered yet. */
  boolean hasNotBeenHeardOf() {
    return state == ReplicaState.PENDING && message.isEmpty();
  }

  boolean isRemoved() {
    return removed;
  }

  void waitBecause(String why) {
    message = why;
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

  void remove() {
    removed = true;
  }

  ReplicaStatus status(int gang) {
    return new ReplicaStatus(name, gang, state, message, ranks, maxModelLength, backlog);
  }
}
