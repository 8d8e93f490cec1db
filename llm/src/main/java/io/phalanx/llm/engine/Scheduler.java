package io.phalanx.llm.engine;

import io.phalanx.llm.engine.SchedulerOutput.Scheduled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides which sequences compute how many tokens in a step: continuous batching with chunked
 * prefill, and preemption by recompute.
 */
/*
 * There is no prefill phase and no decode phase: a sequence has tokens, some of them scheduled, and
 * each step lets scheduled tokens catch up within the token budget. Running sequences come before
 * waiting ones, and among the running ones those that decode before those with a prompt left, so
 * that a long prompt never holds up a stream. Within each class the oldest comes first.
 *
 * A sequence is admitted when the blocks of all its known tokens are free, and takes them at once.
 * One that finds no block while it decodes takes those of the youngest running sequence that no step
 * in flight uses, itself included but none older. The oldest can so always go on, which is why the
 * pool only has to hold one sequence of the full length. A step that preempted admits nobody.
 */
final class Scheduler {
  private final EngineSettings settings;
  private final BlockManager blocks;
  private final Deque<Sequence> waiting = new ArrayDeque<>();
  private final List<Sequence> running = new ArrayList<>();
  private long numPreemptions;

  Scheduler(EngineSettings settings, BlockManager blocks) {
    this.settings = settings;
    this.blocks = blocks;
  }

  void add(Sequence sequence) {
    waiting.addLast(sequence);
  }

  int numWaiting() {
    return waiting.size();
  }

  int numRunning() {
    return running.size();
  }

  long numPreemptions() {
    return numPreemptions;
  }

  /** Takes a finished sequence out; its blocks are released once no step in flight uses them. */
  void remove(Sequence sequence) {
    waiting.remove(sequence);
    running.remove(sequence);
    if (!sequence.isInFlight()) {
      blocks.release(sequence);
    }
  }

  /** Returns the next step, or null if there is nothing that can be computed now. */
  @Nullable SchedulerOutput schedule() {
    Step step = new Step();
    step.scheduleRunning();
    if (!step.preempted) {
      step.admitWaiting();
    }
    return step.scheduled.isEmpty() ? null : new SchedulerOutput(step.scheduled);
  }

  /** The state of one call of {@link #schedule}. */
  private final class Step {
    final List<Scheduled> scheduled = new ArrayList<>();
    int budget = settings.maxNumBatchedTokens();
    boolean preempted;

    void scheduleRunning() {
      List<Sequence> snapshot = List.copyOf(running);
      int decodes = decodesPerStep();
      for (Sequence sequence : snapshot) {
        if (decodes > 0 && sequence.isDecoding() && scheduleIfRunning(sequence)) {
          decodes--;
        }
      }
      for (Sequence sequence : snapshot) {
        if (!sequence.isDecoding()) {
          scheduleIfRunning(sequence);
        }
      }
    }

    /** With several steps in flight, each takes its share of the streams, so none runs empty. */
    private int decodesPerStep() {
      int steps = settings.maxBatchesInFlight();
      return (running.size() + steps - 1) / steps;
    }

    private boolean scheduleIfRunning(Sequence sequence) {
      int tokens = tokensFor(sequence);
      if (tokens == 0 || sequence.status() != SequenceStatus.RUNNING) {
        return false;
      }
      if (!makeRoom(sequence, tokens)) {
        return false;
      }
      take(sequence, tokens);
      return true;
    }

    void admitWaiting() {
      while (!waiting.isEmpty() && running.size() < settings.maxNumSequences()) {
        Sequence next = waiting.getFirst();
        int tokens = tokensFor(next);
        if (tokens == 0 || !blocks.extend(next, next.numTokens())) {
          return;
        }
        waiting.removeFirst();
        running.add(next);
        take(next, tokens);
      }
    }

    private int tokensFor(Sequence sequence) {
      int wanted = sequence.numUnscheduledTokens();
      if (wanted <= budget) {
        return wanted;
      }
      return settings.enableChunkedPrefill() ? budget : 0;
    }

    private boolean makeRoom(Sequence sequence, int tokens) {
      int total = sequence.numScheduledTokens() + tokens;
      while (!blocks.extend(sequence, total)) {
        Sequence victim = youngestIdle(sequence);
        if (victim == null) {
          return false;
        }
        preempt(victim);
        if (victim == sequence) {
          return false;
        }
      }
      return true;
    }

    /**
     * Returns the youngest sequence that no step in flight uses, none older than {@code oldest}.
     */
    private @Nullable Sequence youngestIdle(Sequence oldest) {
      for (int i = running.size() - 1; i >= running.indexOf(oldest); i--) {
        if (!running.get(i).isInFlight()) {
          return running.get(i);
        }
      }
      return null;
    }

    private void preempt(Sequence victim) {
      blocks.release(victim);
      victim.preempt();
      running.remove(victim);
      waiting.addFirst(victim);
      numPreemptions++;
      preempted = true;
    }

    private void take(Sequence sequence, int tokens) {
      int first = sequence.numScheduledTokens();
      boolean samples = first + tokens == sequence.numTokens();
      scheduled.add(new Scheduled(sequence, first, tokens, samples));
      sequence.scheduled(tokens);
      budget -= tokens;
    }
  }
}
