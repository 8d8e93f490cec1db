package io.phalanx.runtime;

import java.util.Locale;

/** What a node does in the cluster; a node may have all three roles. */
public enum NodeRole {
  /** Hosts the placement group manager and the deployment controllers. */
  CONTROL,
  /** Offers its devices to bundles: hosts replicas and workers. */
  WORKER,
  /** Answers HTTP. */
  INGRESS;

  /** Returns the role's name in configuration and in the cluster, such as {@code worker}. */
  public String configName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
