package io.phalanx.llm;

/** What is taken of the backlogs within the look-back period; names are Ray's. */
public enum AggregationFunction {
  /** The average, in which a backlog weighs as much as the time that it lasted. */
  MEAN,
  /** The largest. */
  MAX,
  /** The smallest. */
  MIN
}
