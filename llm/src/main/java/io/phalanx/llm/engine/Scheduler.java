package io.phalanx.llm.engine;

import java.util.ArrayList;
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
 * that a long prompt never holds up a stream. Within each class the oldest comes first. Where requests
 * have priorities, one of a lower number counts as older than any of a higher one.
 *
 * While streams run, prompts get the rest of the step's latency; over several pipeline stages they
 * are cut so that the stages compute at the same time. PrefillPolicy says how much that is.
 *
 * A sequence is admitted when the blocks of all its known tokens are free, and takes them at once.
 * One that finds no block while it decodes takes those of the youngest running sequence that no step
 * in flight uses, itself included but none older. The oldest can so always go on, which is why the
 * pool only has to hold one sequence of the full length. A step that preempted admits nobody.
 *
 * Both lists may hold sequences that have left; they are passed over and swept out later, so that
 * leaving costs nothing.
 */
final class Scheduler {
  private static final int SWEEP_ABOVE = 64;

  private final EngineSettings settings;
  private final BlockManager blocks;
  private final PrefillPolicy prefillPolicy;
  private final WaitingSequences waiting;
  private final List<Sequence> running = new ArrayList<>();
  private int numWaiting;
  private int numRunning;
  private long numPreemptions;

  Scheduler(EngineSettings settings, BlockManager blocks, StepCostModel costs) {
    this.settings = settings;
    this.blocks = blocks;
    this.waiting = new WaitingSequences(settings.schedulingPolicy());
    this.prefillPolicy = new PrefillPolicy(settings, costs);
  }

  void add(Sequence sequence) {
    waiting.addLast(sequence);
    numWaiting++;
  }

  int numWaiting() {
    return numWaiting;
  }

  int numRunning() {
    return numRunning;
  }

  long numPreemptions() {
    return numPreemptions;
  }

  /** Ends a sequence; its blocks are released once no step in flight uses them. */
  void finish(Sequence sequence) {
    if (sequence.isRunning()) {
      numRunning--;
    } else {
      numWaiting--;
    }
    sequence.finish();
    if (!sequence.isInFlight()) {
      blocks.release(sequence);
    }
    if (waiting.size() > 2 * numWaiting + SWEEP_ABOVE) {
      waiting.removeFinished();
    }
  }

  /** Returns the next step, or null if there is nothing that can be computed now. */
  @Nullable SchedulerOutput schedule() {
    running.removeIf(sequence -> !sequence.isRunning());
    Step step = new Step();
    step.scheduleDecodes();
    PrefillBudget prefill = prefillPolicy.budget(step.output, running, waiting);
    step.schedulePrompts(prefill);
    if (!step.preempted) {
      step.admitWaiting(prefill);
    }
    return step.output.numTokens() == 0 ? null : step.output;
  }

  /** The state of one call of {@link #schedule}. */
  private final class Step {
    final SchedulerOutput output = new SchedulerOutput();
    boolean preempted;

    void scheduleDecodes() {
      int left = Math.min(decodesPerStep(), settings.maxNumBatchedTokens());
      for (int i = 0; i < running.size() && left > 0; i++) {
        Sequence sequence = running.get(i);
        if (sequence.isDecoding() && makeRoom(sequence, 1)) {
          take(sequence, 1);
          left--;
        }
      }
    }

    /** With several steps in flight, each takes its share of the streams, so none runs empty. */
    private int decodesPerStep() {
      int steps = settings.maxBatchesInFlight();
      return (numRunning + steps - 1) / steps;
    }

    void schedulePrompts(PrefillBudget prefill) {
      for (int i = 0; i < running.size(); i++) {
        Sequence sequence = running.get(i);
        if (sequence.isRunning() && !sequence.isStreaming()) {
          int first = sequence.numScheduledTokens();
          int tokens = prefill.grant(sequence.numUnscheduledTokens(), first);
          if (tokens > 0 && makeRoom(sequence, tokens)) {
            prefill.take(tokens, first);
            take(sequence, tokens);
          }
        }
      }
    }

    void admitWaiting(PrefillBudget prefill) {
      while (numRunning < settings.maxNumSequences() && numWaiting > 0) {
        Sequence next = waiting.getFirst();
        if (!next.isFinished() && !admit(next, prefill)) {
          return;
        }
        waiting.removeFirst();
      }
    }

    private boolean admit(Sequence sequence, PrefillBudget prefill) {
      int first = blocks.findPrefix(sequence);
      int tokens = prefill.grant(sequence.numTokens() - first, first);
      if (tokens == 0 || !blocks.admit(sequence)) {
        return false;
      }
      numWaiting--;
      numRunning++;
      addRunning(sequence);
      prefill.take(tokens, first);
      take(sequence, tokens);
      return true;
    }

    /** Keeps the running sequences in the order of their ranks. */
    private void addRunning(Sequence sequence) {
      int rank = settings.schedulingPolicy().rank(sequence.request());
      int index = running.size();
      while (index > 0 && rank < rankOfRunning(index - 1)) {
        index--;
      }
      running.add(index, sequence);
    }

    private int rankOfRunning(int index) {
      return settings.schedulingPolicy().rank(running.get(index).request());
    }

    private void take(Sequence sequence, int tokens) {
      output.add(sequence, tokens);
      sequence.scheduled(tokens);
    }

    /**
     * Gives a sequence blocks for its next tokens; false if it waits or has itself lost its own.
     */
    private boolean makeRoom(Sequence sequence, int tokens) {
      int total = sequence.numScheduledTokens() + tokens;
      while (sequence.isRunning() && !blocks.extend(sequence, total)) {
        Sequence victim = youngestIdle(sequence);
        if (victim == null) {
          return false;
        }
        preempt(victim);
      }
      return sequence.isRunning();
    }

    /**
     * Returns the youngest sequence that no step in flight uses, none older than {@code oldest}.
     */
    private @Nullable Sequence youngestIdle(Sequence oldest) {
      for (int i = running.size() - 1; i >= 0; i--) {
        Sequence candidate = running.get(i);
        if (candidate.isRunning() && !candidate.isInFlight()) {
          return candidate;
        }
        if (candidate == oldest) {
          return null;
        }
      }
      return null;
    }

    private void preempt(Sequence victim) {
      blocks.release(victim);
      victim.preempt();
      waiting.addFirst(victim);
      numRunning--;
      numWaiting++;
      numPreemptions++;
      preempted = true;
    }
  }
}
