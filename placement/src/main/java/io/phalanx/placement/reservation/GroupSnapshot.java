package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.GroupStats;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.SchedulingDetail;
import java.util.Map;
import java.util.TreeMap;

/**
 * A group of a {@link GroupScheduler} at one moment.
 *
 * @param spec what was asked for
 * @param state where its life stands
 * @param detail why
 * @param sites by bundle index, the bundles that have a place
 * @param explanation why it waits
 * @param stats how often and how long it has been worked on
 */
public record GroupSnapshot(
    PlacementGroupSpec spec,
    GroupState state,
    SchedulingDetail detail,
    Map<Integer, BundleSite> sites,
    Explanation explanation,
    GroupStats stats) {

  static GroupSnapshot of(Group group) {
    return new GroupSnapshot(
        group.spec,
        group.state,
        group.detail,
        new TreeMap<>(group.sites),
        group.explanation,
        group.times.stats(group.retry.highestDelay()));
  }
}
