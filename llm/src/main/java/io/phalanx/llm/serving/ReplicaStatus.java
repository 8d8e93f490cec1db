package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;
import java.util.List;

/**
 * A replica as its deployment sees it.
 *
 * @param name the replica's name, also the id of its placement group
 * @param gang which gang it belongs to; without data parallelism each replica is its own
 * @param version number of the version that it serves
 * @param state where its life stands
 * @param message what it waits for or why it failed; "" if there is nothing to say
 * @param ranks where its ranks compute; empty until it is ready
 * @param maxModelLength most tokens of prompt and answer; 0 until it is ready
 * @param backlog the work that it last told of
 */
public record ReplicaStatus(
    String name,
    int gang,
    int version,
    ReplicaState state,
    String message,
    List<RankInfo> ranks,
    int maxModelLength,
    Backlog backlog) {

  /** Copies the list. */
  public ReplicaStatus {
    ranks = List.copyOf(ranks);
  }
}
