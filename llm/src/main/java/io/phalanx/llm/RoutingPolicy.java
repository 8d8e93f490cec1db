package io.phalanx.llm;

/** By what an ingress chooses the replica of a request that belongs to no session. */
public enum RoutingPolicy {
  /** Of two replicas drawn at random, the one with less to do. */
  POWER_OF_TWO,
  /** The replica that has seen the longest part of the prompt, as long as loads are balanced. */
  PREFIX_AFFINITY
}
