package io.phalanx.runtime;

import java.util.List;

/**
 * A module's list of the components that a node runs, found by {@link java.util.ServiceLoader}.
 *
 * <p>The list names components of all roles; the node's guardian starts those of the node's own
 * roles.
 */
public interface NodeComponentProvider {

  /** Returns the components that this module adds to the node. */
  List<NodeComponent> components(NodeContext context);
}
