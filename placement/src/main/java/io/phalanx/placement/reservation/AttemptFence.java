package io.phalanx.placement.reservation;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which attempts of the present manager have been released, so that what comes late of them is
 * refused. Of the last ones it knows the group; of those before, that none may come any more.
 */
final class AttemptFence {
  private static final int MOST_GROUPS = 10_000;

  private final Map<String, Long> releasedOfGroup = new LinkedHashMap<>();
  private long floor = -1;

  void released(String groupId, long attempt) {
    releasedOfGroup.merge(groupId, attempt, Math::max);
    if (releasedOfGroup.size() > MOST_GROUPS) {
      Map.Entry<String, Long> eldest = releasedOfGroup.entrySet().iterator().next();
      floor = Math.max(floor, eldest.getValue());
      releasedOfGroup.remove(eldest.getKey());
    }
  }

  boolean isReleased(String groupId, long attempt) {
    return attempt <= Math.max(floor, releasedOfGroup.getOrDefault(groupId, -1L));
  }

  /** Begins anew, with a manager that counts anew. */
  void clear() {
    releasedOfGroup.clear();
    floor = -1;
  }
}
