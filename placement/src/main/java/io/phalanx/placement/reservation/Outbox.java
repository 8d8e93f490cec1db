package io.phalanx.placement.reservation;

import java.util.ArrayList;
import java.util.List;

/** What a {@link GroupScheduler} wants done and has not yet handed over, in order. */
final class Outbox {
  private final List<Effect> effects = new ArrayList<>();

  void add(Effect effect) {
    effects.add(effect);
  }

  void addAll(List<? extends Effect> more) {
    effects.addAll(more);
  }

  /** Returns all of it and forgets it. */
  List<Effect> drain() {
    List<Effect> drained = List.copyOf(effects);
    effects.clear();
    return drained;
  }
}
