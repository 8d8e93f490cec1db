package io.phalanx.placement.scheduling;

import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Resources;

/**
 * A bundle of another group that holds something of a node.
 *
 * @param group the group, as people call it
 * @param site the node and the devices that it holds, or shares
 * @param resources what it holds
 */
public record Occupant(String group, BundleSite site, Resources resources) {}
