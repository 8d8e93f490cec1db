package io.phalanx.llm.serving;

import io.phalanx.llm.serving.DeploymentVersion.Trial;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Decides which gangs of a deployment start and which stop, so that all come to be of the wanted
 * version and as many as aimed at.
 *
 * <p>While an update rolls, one gang more than aimed at starts (surge). If it waits for room, a
 * gang of an old version gives way first (replace), but never the last ready one. Each new gang
 * that is ready lets an old one go.
 */
final class Rollout {

  /** Where a gang stands, the dearest last but for those that stop. */
  enum Phase {
    /** No node could hold it, were all free. */
    INFEASIBLE,
    /** It waits until something is freed. */
    WAITING,
    /** It has room and loads, or has failed and will start again. */
    STARTING,
    /** It can answer. */
    READY,
    /** It finishes its requests, or gives back what it holds. */
    STOPPING
  }

  /**
   * A gang as the plan sees it.
   *
   * @param ordinal tells it from the deployment's other gangs
   * @param version id of its version
   */
  record Gang(int ordinal, String version, Phase phase) {}

  /** A gang to start under an ordinal that no other has. */
  record Start(int ordinal, DeploymentVersion version) {}

  /**
   * What to do now.
   *
   * @param stop ordinals of the gangs that are to stop
   * @param waitsFor what the update waits for and cannot have by itself; "" if it goes on
   */
  record Plan(List<Start> start, List<Integer> stop, String waitsFor) {}

  private static final Comparator<Gang> CHEAPEST_FIRST =
      Comparator.comparing(Gang::phase)
          .thenComparing(Comparator.comparing(Gang::ordinal).reversed());

  private final List<DeploymentVersion> versions;
  private final int target;
  private final int room;
  private final List<Gang> gangs;
  private final List<Integer> stop = new ArrayList<>();
  private String waitsFor = "";

  private Rollout(List<DeploymentVersion> versions, int target, int room, List<Gang> gangs) {
    this.versions = versions;
    this.target = target;
    this.room = room;
    this.gangs = gangs;
  }

  /**
   * Returns what to do now.
   *
   * @param versions the live versions, the wanted one last; none: all gangs stop
   * @param target gangs aimed at
   * @param room how many old gangs must give way for a new one where nothing is free, at least 1
   * @param gangs all that have not ended
   */
  static Plan plan(List<DeploymentVersion> versions, int target, int room, List<Gang> gangs) {
    return new Rollout(versions, target, room, gangs).plan();
  }

  private Plan plan() {
    stop(gangs.stream().filter(gang -> isLive(gang) && isUseless(gang)).toList());
    if (versions.isEmpty()) {
      return new Plan(List.of(), stop, waitsFor);
    }
    stopCheapest(count(this::isNew) - target, this::isNew);
    stopCheapest(readyNew() + count(this::isOld) - target, this::isOld);
    replace();
    return new Plan(missing(), stop, waitsFor);
  }

  private boolean isLive(Gang gang) {
    return gang.phase() != Phase.STOPPING && !stop.contains(gang.ordinal());
  }

  /** Of a version that is gone, or that failed and does not serve. */
  private boolean isUseless(Gang gang) {
    return versions.stream()
        .filter(version -> version.id().equals(gang.version()))
        .allMatch(version -> version.trial() == Trial.BAD && gang.phase() != Phase.READY);
  }

  private DeploymentVersion wanted() {
    return versions.get(versions.size() - 1);
  }

  private boolean isNew(Gang gang) {
    return isLive(gang) && gang.version().equals(wanted().id());
  }

  private boolean isOld(Gang gang) {
    return isLive(gang) && !gang.version().equals(wanted().id());
  }

  private int count(Predicate<Gang> which) {
    return (int) gangs.stream().filter(which).count();
  }

  private int readyNew() {
    return count(gang -> isNew(gang) && gang.phase() == Phase.READY);
  }

  private void stop(List<Gang> given) {
    given.forEach(gang -> stop.add(gang.ordinal()));
  }

  private void stopCheapest(int surplus, Predicate<Gang> of) {
    stop(gangs.stream().filter(of).sorted(CHEAPEST_FIRST).limit(Math.max(0, surplus)).toList());
  }

  /** Lets an old gang give way to a new one that waits for room. */
  private void replace() {
    boolean infeasible = count(gang -> isNew(gang) && gang.phase() == Phase.INFEASIBLE) > 0;
    boolean waits = count(gang -> isNew(gang) && gang.phase() == Phase.WAITING) > 0;
    boolean freesRoom = count(gang -> !isLive(gang)) > 0;
    if (infeasible && count(this::isOld) > 0) {
      waitsFor = "no node could hold a replica of the new version";
      return;
    }
    if (!waits || freesRoom || count(this::isOld) == 0) {
      return;
    }
    int readyOld = count(gang -> isOld(gang) && gang.phase() == Phase.READY);
    boolean unreadyOld = readyOld < count(this::isOld);
    if (unreadyOld || readyNew() + readyOld - 1 >= Math.max(1, target - room)) {
      stopCheapest(1, this::isOld);
    } else {
      waitsFor = "a replica of the new version waits for room, and no more ready ones may give way";
    }
  }

  private List<Start> missing() {
    int old = count(this::isOld);
    int fresh = count(this::isNew);
    int unready = fresh - readyNew();
    int mayLoad = old == 0 ? target : Math.max(1, target - readyNew() - old);
    int starts = Math.min(target - fresh, mayLoad - unready);
    Set<Integer> taken = gangs.stream().map(Gang::ordinal).collect(Collectors.toSet());
    List<Start> missing = new ArrayList<>();
    for (int ordinal = 0; missing.size() < starts; ordinal++) {
      if (!taken.contains(ordinal)) {
        missing.add(new Start(ordinal, wanted()));
      }
    }
    return missing;
  }
}
