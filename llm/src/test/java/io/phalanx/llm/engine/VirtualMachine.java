package io.phalanx.llm.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * Ranks in virtual time that run an engine: every stage takes as long for a step as a formula says,
 * give or take some noise, and nothing else takes any time.
 */
final class VirtualMachine {
  private static final double NANOS_PER_SECOND = 1e9;

  private record Running(StepOutput output, double end) {}

  private final LlmEngine engine;
  private final int stages;
  private final ToDoubleFunction<ModelInput> stageSeconds;
  private final SplittableRandom random;
  private final double noise;
  private final double[] stageEnds;
  private final double[] stageBusy;
  private final Deque<Running> inFlight = new ArrayDeque<>();
  private final Map<String, List<Double>> tokenTimes = new HashMap<>();
  private double now;
  private double progress;
  private double busyFrom;

  /**
   * Creates a machine.
   *
   * @param stages pipeline stages, each with a step of its own
   * @param stageSeconds what one stage takes for a step
   * @param noise how far a stage may be off, as a share
   */
  VirtualMachine(
      LlmEngine engine,
      int stages,
      ToDoubleFunction<ModelInput> stageSeconds,
      SplittableRandom random,
      double noise) {
    this.engine = engine;
    this.stages = stages;
    this.stageSeconds = stageSeconds;
    this.random = random;
    this.noise = noise;
    this.stageEnds = new double[stages];
    this.stageBusy = new double[stages];
  }

  /** Returns a cost in seconds: fixed, for each token and for each pair that attends. */
  static ToDoubleFunction<ModelInput> cost(double fixed, double perToken, double perPair) {
    return input -> {
      double pairs = 0;
      for (int s = 0; s < input.numSequences(); s++) {
        int tokens = input.queryLengths()[s];
        pairs += StepCostModel.attention(input.contextLengths()[s] - tokens, tokens);
      }
      return fixed + perToken * input.numTokens() + perPair * pairs;
    };
  }

  double now() {
    return now;
  }

  /** Runs until the oldest step in flight has ended; false if there was nothing to do. */
  boolean runStep() {
    boolean idle = inFlight.isEmpty();
    for (ModelInput input = engine.schedule(); input != null; input = engine.schedule()) {
      inFlight.addLast(run(input));
    }
    if (inFlight.isEmpty()) {
      return false;
    }
    progress = idle ? now : progress;
    Running oldest = inFlight.removeFirst();
    now = oldest.end();
    long nanos = (long) ((now - progress) * NANOS_PER_SECOND);
    progress = now;
    for (TokenEvent event : engine.update(oldest.output(), nanos)) {
      tokenTimes.computeIfAbsent(event.requestId(), id -> new ArrayList<>()).add(now);
    }
    return true;
  }

  /** Runs until the request has this many tokens. */
  void runUntil(String requestId, int tokens) {
    boolean more = true;
    while (more && times(requestId).size() < tokens) {
      more = runStep();
    }
  }

  private Running run(ModelInput input) {
    double end = now;
    for (int stage = 0; stage < stages; stage++) {
      double seconds =
          stageSeconds.applyAsDouble(input) * (1 + noise * (2 * random.nextDouble() - 1));
      end = Math.max(end, stageEnds[stage]) + seconds;
      stageEnds[stage] = end;
      stageBusy[stage] += seconds;
    }
    int[] tokenIds = new int[input.samples().size()];
    Arrays.fill(tokenIds, 1);
    return new Running(new StepOutput(input.step(), tokenIds), end);
  }

  /** Begins to measure how long stages are idle. */
  void startIdleClock() {
    Arrays.fill(stageBusy, 0);
    busyFrom = now;
  }

  /** Returns the largest idle share of a stage since {@link #startIdleClock}. */
  double idleShare() {
    double least = Arrays.stream(stageBusy).min().orElse(0);
    return 1 - least / (now - busyFrom);
  }

  /** Returns when each token of the request came, in seconds. */
  List<Double> times(String requestId) {
    return tokenTimes.getOrDefault(requestId, List.of());
  }

  /** Returns the median time between the request's tokens that came from {@code from} to now. */
  double medianLatency(String requestId, double from) {
    return latency(requestId, from, 0.5);
  }

  /** Returns a quantile, 0 to 1, of the same times. */
  double latency(String requestId, double from, double quantile) {
    List<Double> gaps = new ArrayList<>();
    List<Double> times = times(requestId);
    for (int i = 1; i < times.size(); i++) {
      if (times.get(i - 1) >= from) {
        gaps.add(times.get(i) - times.get(i - 1));
      }
    }
    Collections.sort(gaps);
    return gaps.get((int) (gaps.size() * quantile));
  }
}
