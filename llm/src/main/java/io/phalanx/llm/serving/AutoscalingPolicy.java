package io.phalanx.llm.serving;

import io.phalanx.llm.AutoscalingConfig;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Decides how many replicas a deployment should have: Ray Serve's formula on the averaged backlog,
 * applied once it has wanted the same direction for the configured delay.
 *
 * <p>Belongs to one deployment and one thread; time comes in as nanoseconds of one clock.
 */
public final class AutoscalingPolicy {

  /**
   * One decision with everything that led to it.
   *
   * @param timeNanos when it was made
   * @param running replicas that were running
   * @param averageBacklog requests, averaged over the look-back period
   * @param desired what the formula wants, within the bounds
   * @param applied the new target; the old one while a delay still runs
   * @param reason one clause for people
   */
  public record Decision(
      long timeNanos,
      int running,
      double averageBacklog,
      int desired,
      int applied,
      String reason) {}

  private record Sample(long timeNanos, double backlog) {}

  private final AutoscalingConfig config;
  private final double targetOngoing;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private int direction;
  private long directionSinceNanos;

  /** Creates the policy of a deployment whose engine runs {@code maxNumSequences} at once. */
  public AutoscalingPolicy(AutoscalingConfig config, int maxNumSequences) {
    this.config = config;
    this.targetOngoing = config.targetOngoing(maxNumSequences);
  }

  /**
   * Returns Ray Serve's number of replicas for a backlog, without delays.
   *
   * @param running replicas now
   * @param backlog requests over all replicas, running and waiting
   */
  public static int desired(
      AutoscalingConfig config, double targetOngoing, int running, double backlog) {
    if (running == 0) {
      int start = backlog > 0 ? (int) Math.ceil(config.upscalingFactor()) : 0;
      return clip(config, start);
    }
    double wanted = running * (backlog / (targetOngoing * running));
    double delta = wanted - running;
    double factor = delta > 0 ? config.upscalingFactor() : config.downscalingFactor();
    int scaled = (int) Math.ceil(running + factor * delta);
    boolean stuck = (int) Math.ceil(wanted) < running && scaled == running;
    return clip(config, stuck ? scaled - 1 : scaled);
  }

  /**
   * Takes the backlog of this moment and decides.
   *
   * @param nowNanos the time, never smaller than before
   * @param running replicas that take requests
   * @param target replicas that the deployment currently aims at
   * @param backlog requests over all replicas, running and waiting
   */
  public Decision decide(long nowNanos, int running, int target, double backlog) {
    double average = average(nowNanos, backlog);
    int desired = desired(config, targetOngoing, running, average);
    int wanted = Integer.signum(desired - target);
    if (wanted != direction) {
      direction = wanted;
      directionSinceNanos = nowNanos;
    }
    if (wanted == 0) {
      return new Decision(nowNanos, running, average, desired, target, "as many as wanted");
    }
    Duration delay = wanted > 0 ? config.upscaleDelay() : config.downscaleDelay();
    if (nowNanos - directionSinceNanos < delay.toNanos()) {
      String reason = (wanted > 0 ? "upscale" : "downscale") + " delay runs";
      return new Decision(nowNanos, running, average, desired, target, reason);
    }
    direction = 0;
    return new Decision(nowNanos, running, average, desired, desired, reason(average, running));
  }

  private String reason(double average, int running) {
    return String.format(
        "backlog %.1f over %d replicas, target %.1f each", average, running, targetOngoing);
  }

  private double average(long nowNanos, double backlog) {
    samples.addLast(new Sample(nowNanos, backlog));
    long oldest = nowNanos - config.lookBackPeriod().toNanos();
    while (samples.getFirst().timeNanos() < oldest) {
      samples.removeFirst();
    }
    return samples.stream().mapToDouble(Sample::backlog).average().orElse(backlog);
  }

  private static int clip(AutoscalingConfig config, int replicas) {
    return Math.min(config.maxReplicas(), Math.max(config.minReplicas(), replicas));
  }
}
