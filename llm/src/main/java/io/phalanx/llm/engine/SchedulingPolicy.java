package io.phalanx.llm.engine;

/** In which order requests wait, at an ingress and in an engine; names are vLLM's. */
public enum SchedulingPolicy {
  /** First come, first served. */
  FCFS,
  /** Lower {@link RequestTerms#priority} first; among equals, first come. */
  PRIORITY;

  /** Returns the place of a request among others: a lower one comes first. */
  public int rank(GenerationRequest request) {
    return this == PRIORITY ? request.terms().priority() : 0;
  }
}
