package io.phalanx.placement;

import java.util.List;

/**
 * A placement group as the manager sees it at one moment.
 *
 * @param spec what was asked for
 * @param state where its life stands
 * @param detail why
 * @param placements the bundles that have a place, by bundle index
 * @param explanation why it waits; {@link Explanation#NONE} if it does not
 * @param stats how often and how long it has been worked on
 */
public record GroupView(
    PlacementGroupSpec spec,
    GroupState state,
    SchedulingDetail detail,
    List<BundlePlacement> placements,
    Explanation explanation,
    GroupStats stats) {

  /** Copies the list. */
  public GroupView {
    placements = List.copyOf(placements);
  }
}
