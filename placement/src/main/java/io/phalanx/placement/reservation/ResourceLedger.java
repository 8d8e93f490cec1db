package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The truth about one node's reservations; {@link BundlePhase} lists the transitions of a bundle.
 *
 * <p>Every operation may be repeated with the same result. All of them refuse an epoch older than
 * the one promised. Attempts are counted by the manager: what comes late of an attempt that has
 * been released, or refused once, is refused.
 */
public final class ResourceLedger {
  private final FreeShares free;
  private final Map<String, Map<Integer, Holding>> heldOfGroup = new LinkedHashMap<>();
  private final AttemptFence fence = new AttemptFence();
  private Epoch promised = Epoch.NONE;
  private boolean draining;

  /** Creates the ledger of a node on which nothing is reserved. */
  public ResourceLedger(NodeInfo node) {
    this.free = new FreeShares(node);
  }

  /** Takes nothing new from now on, or does again; what is held stays. */
  public Optional<Refusal> drain(Epoch epoch, boolean itDrains) {
    Optional<Refusal> stale = promise(epoch);
    if (stale.isEmpty()) {
      draining = itDrains;
    }
    return stale;
  }

  /** Why the ledger did not do as it was told; nothing has changed. */
  public record Refusal(ErrorCode code, String reason) {}

  /** Obeys {@code epoch} from now on, unless it obeys a later one. */
  public Optional<Refusal> promise(Epoch epoch) {
    if (epoch.isOlderThan(promised)) {
      return Optional.of(
          new Refusal(
              ErrorCode.STALE_EPOCH,
              "epoch [%s] is over, the node obeys [%s]".formatted(epoch, promised)));
    }
    if (!epoch.equals(promised)) {
      promised = epoch;
      fence.clear();
    }
    return Optional.empty();
  }

  /** Returns the epoch that the node obeys. */
  public Epoch promised() {
    return promised;
  }

  /**
   * Holds all of these bundles, or none.
   *
   * @param devicesOfBundle bundle index to the devices that it is to hold, or share
   * @param phase {@code PREPARED}, or {@code COMMITTED} if no other node is concerned
   */
  public Optional<Refusal> prepare(
      Epoch epoch,
      long attempt,
      PlacementGroupSpec group,
      Map<Integer, List<Integer>> devicesOfBundle,
      BundlePhase phase) {
    Optional<Refusal> stale = promise(epoch);
    if (stale.isPresent() || isRepeated(epoch, attempt, group, devicesOfBundle, phase)) {
      return stale;
    }
    if (fence.isReleased(group.id(), attempt)) {
      return Optional.of(
          new Refusal(
              ErrorCode.BUNDLE_NOT_PREPARED,
              "attempt %d for group [%s] has been released".formatted(attempt, group.id())));
    }
    String problem =
        draining
            ? "the node drains and takes nothing new"
            : takeAll(epoch, attempt, group, devicesOfBundle, phase);
    if (problem.isEmpty()) {
      return Optional.empty();
    }
    fence.released(group.id(), attempt);
    return Optional.of(new Refusal(ErrorCode.INSUFFICIENT_BUNDLE_RESOURCES, problem));
  }

  private boolean isRepeated(
      Epoch epoch,
      long attempt,
      PlacementGroupSpec group,
      Map<Integer, List<Integer>> devicesOfBundle,
      BundlePhase phase) {
    List<Holding> again = new ArrayList<>();
    for (int index : devicesOfBundle.keySet()) {
      Holding holding = get(group.bundleId(index));
      if (holding == null
          || !holding.isOf(epoch, attempt)
          || holding.phase() == BundlePhase.RELEASING) {
        return false;
      }
      again.add(holding);
    }
    if (phase == BundlePhase.COMMITTED) {
      again.forEach(holding -> put(holding.in(phase)));
    }
    return true;
  }

  private String takeAll(
      Epoch epoch,
      long attempt,
      PlacementGroupSpec group,
      Map<Integer, List<Integer>> devicesOfBundle,
      BundlePhase phase) {
    List<Holding> taken = new ArrayList<>();
    for (Map.Entry<Integer, List<Integer>> entry : devicesOfBundle.entrySet()) {
      int index = entry.getKey();
      if (index < 0 || index >= group.bundles().size()) {
        taken.forEach(this::drop);
        return "group [%s] has no bundle [%d]".formatted(group.id(), index);
      }
      Holding holding = new Holding(group, index, epoch, attempt, entry.getValue(), phase);
      String problem = take(holding);
      if (!problem.isEmpty()) {
        taken.forEach(this::drop);
        return "bundle %d: %s".formatted(index, problem);
      }
      taken.add(holding);
    }
    return "";
  }

  private String take(Holding holding) {
    Holding other = get(holding.id());
    if (other != null) {
      return "is held already by attempt " + other.attempt();
    }
    String problem = free.take(holding.resources(), holding.deviceIndexes());
    if (problem.isEmpty()) {
      put(holding);
    }
    return problem;
  }

  private void put(Holding holding) {
    heldOfGroup
        .computeIfAbsent(holding.group().id(), id -> new TreeMap<>())
        .put(holding.bundleIndex(), holding);
  }

  private @Nullable Holding get(BundleId bundle) {
    return heldOfGroup.getOrDefault(bundle.groupId(), Map.of()).get(bundle.index());
  }

  private void drop(Holding holding) {
    Map<Integer, Holding> ofGroup = heldOfGroup.getOrDefault(holding.group().id(), Map.of());
    ofGroup.remove(holding.bundleIndex());
    if (ofGroup.isEmpty()) {
      heldOfGroup.remove(holding.group().id());
    }
    free.giveBack(holding.resources(), holding.deviceIndexes());
  }

  /** Makes permanent what this attempt prepared. */
  public Optional<Refusal> commit(Epoch epoch, long attempt, String groupId) {
    Optional<Refusal> stale = promise(epoch);
    if (stale.isPresent()) {
      return stale;
    }
    List<Holding> prepared =
        of(groupId).stream()
            .filter(holding -> holding.isOf(epoch, attempt))
            .filter(holding -> holding.phase() != BundlePhase.RELEASING)
            .toList();
    if (prepared.isEmpty()) {
      return Optional.of(
          new Refusal(
              ErrorCode.BUNDLE_NOT_PREPARED,
              "attempt %d for group [%s] is not prepared, or its time has passed"
                  .formatted(attempt, groupId)));
    }
    prepared.forEach(holding -> put(holding.in(BundlePhase.COMMITTED)));
    return Optional.empty();
  }

  /**
   * Frees what is only prepared and marks what is committed as {@code RELEASING}, of this attempt
   * and of earlier ones.
   *
   * @param bundles bundle indexes; empty: all of the group
   */
  public Optional<Refusal> release(
      Epoch epoch, long attempt, String groupId, Set<Integer> bundles) {
    Optional<Refusal> stale = promise(epoch);
    if (stale.isPresent()) {
      return stale;
    }
    fence.released(groupId, attempt);
    for (Holding holding : of(groupId)) {
      boolean named = bundles.isEmpty() || bundles.contains(holding.bundleIndex());
      if (named && holding.isReleasedBy(epoch, attempt)) {
        if (holding.phase() == BundlePhase.PREPARED) {
          drop(holding);
        } else {
          put(holding.in(BundlePhase.RELEASING));
        }
      }
    }
    return Optional.empty();
  }

  /** Frees a bundle that is {@code RELEASING} and in which nothing runs any more. */
  public void free(BundleId bundle) {
    Holding holding = get(bundle);
    if (holding != null && holding.phase() == BundlePhase.RELEASING) {
      drop(holding);
    }
  }

  /** Frees what the attempt prepared and nobody committed; returns whether there was any. */
  public boolean expire(Epoch epoch, long attempt, String groupId) {
    List<Holding> expired =
        of(groupId).stream()
            .filter(holding -> holding.isOf(epoch, attempt))
            .filter(holding -> holding.phase() == BundlePhase.PREPARED)
            .toList();
    expired.forEach(this::drop);
    return !expired.isEmpty();
  }

  /** Returns a bundle that the node holds. */
  public Optional<Holding> holding(BundleId bundle) {
    return Optional.ofNullable(get(bundle));
  }

  /** Returns all that the node holds, group by group in the order in which they came. */
  public List<Holding> holdings() {
    return heldOfGroup.values().stream().flatMap(ofGroup -> ofGroup.values().stream()).toList();
  }

  /** Returns what the node holds of one group. */
  public List<Holding> of(String groupId) {
    return List.copyOf(heldOfGroup.getOrDefault(groupId, Map.of()).values());
  }

  /** Returns the node and what is free on it. */
  public NodeView view() {
    return free.view(draining);
  }
}
