package io.phalanx.llm.serving;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which ranks hold a replica up: those that do not answer, or else those that are behind and
 * compute while the others wait.
 *
 * @param ranks in their order
 * @param problem what they do not do, such as {@code " does not end step 7"}
 */
record StuckRanks(List<Integer> ranks, String problem) {

  /** Copies the list. */
  StuckRanks {
    ranks = List.copyOf(ranks);
  }

  /**
   * Returns which of {@code all} ranks are stuck by what they answered about a step that is late.
   */
  static StuckRanks of(Set<Integer> all, Collection<Replica.WorkerSteps> answers) {
    Map<Integer, Replica.WorkerSteps> byRank =
        answers.stream().collect(Collectors.toMap(Replica.WorkerSteps::rank, Function.identity()));
    List<Integer> silent = all.stream().filter(rank -> !byRank.containsKey(rank)).sorted().toList();
    if (!silent.isEmpty()) {
      return new StuckRanks(silent, " does not answer");
    }
    long step = answers.stream().mapToLong(Replica.WorkerSteps::endedSteps).min().orElse(0);
    List<Replica.WorkerSteps> behind =
        answers.stream().filter(answer -> answer.endedSteps() == step).toList();
    List<Integer> computing = ranks(behind.stream().filter(answer -> !answer.waiting()).toList());
    return computing.isEmpty()
        ? new StuckRanks(ranks(behind), " waits for ever in step " + step)
        : new StuckRanks(computing, " does not end step " + step);
  }

  private static List<Integer> ranks(List<Replica.WorkerSteps> answers) {
    return answers.stream().map(Replica.WorkerSteps::rank).sorted().toList();
  }
}
