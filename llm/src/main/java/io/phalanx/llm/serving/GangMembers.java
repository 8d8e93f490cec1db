package io.phalanx.llm.serving;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The replicas of one {@link ReplicaGang} under their names of one start; changed by it only. */
final class GangMembers implements Iterable<GangMember> {
  private static final int INCARNATION_DIGITS = 4;

  private final List<GangMember> members;

  private GangMembers(List<GangMember> members) {
    this.members = List.copyOf(members);
  }

  /** Returns members that have yet to be placed, under names that no replica has had. */
  static GangMembers named(GangSpec gang) {
    String incarnation = UUID.randomUUID().toString().substring(0, INCARNATION_DIGITS);
    int size = gang.config().parallel().dataParallelSize();
    List<GangMember> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String place = size == 1 ? "" + gang.ordinal() : gang.ordinal() + "." + i;
      members.add(
          new GangMember(ReplicaNames.replica(gang.config().modelId(), place + "-" + incarnation)));
    }
    return new GangMembers(members);
  }

  /** Returns members that run already. */
  static GangMembers adopted(List<DeploymentController.Announce> announced) {
    return new GangMembers(announced.stream().map(GangMember::adopted).toList());
  }

  @Override
  public Iterator<GangMember> iterator() {
    return members.iterator();
  }

  @Nullable GangMember find(String name) {
    return members.stream().filter(member -> member.name().equals(name)).findFirst().orElse(null);
  }

  boolean all(Predicate<GangMember> condition) {
    return members.stream().allMatch(condition);
  }

  List<ReplicaStatus> status(GangSpec gang) {
    return members.stream().map(member -> member.status(gang)).toList();
  }

  /** Returns where the gang stands: where its last member does. */
  Rollout.Phase phase() {
    return members.stream()
        .map(GangMember::phase)
        .min(Rollout.Phase::compareTo)
        .orElse(Rollout.Phase.STOPPING);
  }
}
