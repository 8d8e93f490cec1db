package io.phalanx.llm.serving;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The latest decisions of one deployment, {@value #MOST} at most: every change of the target, and
 * each way in which one was held back, once for every change. Held ones are the first to go.
 */
final class DecisionLog {
  private static final int MOST = 100;

  private record Held(int bounded, ScalingReason reason) {}

  private final List<ScalingDecision> kept = new ArrayList<>();
  private final Set<Held> heldSinceChange = new HashSet<>();
  private @Nullable ScalingDecision latest;

  void add(ScalingDecision decision) {
    latest = decision;
    if (decision.isChange()) {
      heldSinceChange.clear();
      keep(decision);
    } else if (decision.isHeld()
        && heldSinceChange.add(new Held(decision.bounded(), decision.reason()))) {
      keep(decision);
    }
  }

  private void keep(ScalingDecision decision) {
    kept.add(decision);
    if (kept.size() > MOST) {
      forgetOne();
    }
  }

  private void forgetOne() {
    Iterator<ScalingDecision> iterator = kept.iterator();
    while (iterator.hasNext()) {
      if (!iterator.next().isChange()) {
        iterator.remove();
        return;
      }
    }
    kept.remove(0);
  }

  /** Returns what was kept, the oldest first, and at the end the latest of all. */
  List<ScalingDecision> entries() {
    List<ScalingDecision> entries = new ArrayList<>(kept);
    if (latest != null
        && !latest.equals(entries.isEmpty() ? null : entries.get(entries.size() - 1))) {
      entries.add(latest);
    }
    return entries;
  }
}
