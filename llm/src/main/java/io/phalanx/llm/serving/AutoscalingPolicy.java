package io.phalanx.llm.serving;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.LlmConfig;
import java.time.Duration;

/**
 * Decides how many replicas a deployment should have: Ray Serve's formula on the backlog of the
 * look-back period, applied once it has wanted the same direction for the configured delay.
 *
 * <p>Replicas that start count like those that are ready, so that a factor above 1 does not ask
 * again for what is on its way. Of the targets in requests and in tokens the one that wants more
 * wins. A replica is given back only if the others keep {@code downscale-headroom} free, and more
 * slowly after a downscale that had to be undone ({@link CoolDown}).
 *
 * <p>Belongs to one deployment and one thread; time comes in as nanoseconds of one clock.
 */
public final class AutoscalingPolicy {
  /**
   * The most that the time between two decisions counts, so that a stopped clock decides little.
   */
  private static final long LONGEST_STEP_NANOS = Duration.ofSeconds(5).toNanos();

  private final LookBackWindow requests = new LookBackWindow();
  private final LookBackWindow tokens = new LookBackWindow();
  private final CoolDown coolDown = new CoolDown();
  private AutoscalingConfig config;
  private double targetRequests;
  private double targetTokens;
  private boolean hasDecided;
  private long lastNanos;

  /** The time that counts, from the first decision on. */
  private long nowNanos;

  /** Whether more (1) or fewer (-1) are wanted, and since when. */
  private int direction;

  private long directionSinceNanos;

  /** What a decision comes to before its delay. */
  private record Wish(int desired, int bounded, int wanted, ScalingReason reason) {}

  /** Creates the policy of a deployment. */
  public AutoscalingPolicy(LlmConfig deployed) {
    update(deployed);
  }

  /** Takes other bounds, targets and delays; what was seen and how long it was wanted stays. */
  @SuppressWarnings("NullAway.Init") // called by the constructor
  public void update(LlmConfig deployed) {
    config = deployed.deploymentConfig().autoscaling();
    int gang = deployed.parallel().dataParallelSize();
    targetRequests = gang * config.targetOngoing(deployed.engineKwargs().maxNumSequences());
    targetTokens = gang * config.targetBacklogTokens().orElse(Double.POSITIVE_INFINITY);
  }

  /**
   * Takes what is seen at this moment and decides.
   *
   * @param clockNanos the time; where it runs backward it counts as standing still
   */
  public ScalingDecision decide(long clockNanos, ScalingInput input) {
    advance(clockNanos);
    requests.add(nowNanos, input.requests());
    tokens.add(nowNanos, (double) input.backlog().tokens());
    double averageRequests = aggregate(requests);
    double averageTokens = aggregate(tokens);
    double load = Math.max(averageRequests / targetRequests, averageTokens / targetTokens);
    Wish wish = wish(input, load);
    long delayLeft = delayLeft(input.target(), wish);
    int applied = delayLeft > 0 ? input.target() : wish.wanted();
    remember(input.target(), applied);
    return new ScalingDecision(
        input,
        averageRequests,
        averageTokens,
        load,
        wish.desired(),
        wish.bounded(),
        applied,
        Duration.ofNanos(delayLeft),
        delayLeft > 0 ? delayReason(wish) : wish.reason());
  }

  private void advance(long clockNanos) {
    long step = hasDecided ? clockNanos - lastNanos : 0;
    hasDecided = true;
    lastNanos = clockNanos;
    nowNanos += Math.max(0, Math.min(LONGEST_STEP_NANOS, step));
  }

  private double aggregate(LookBackWindow window) {
    return window.aggregate(config.aggregationFunction(), config.lookBackPeriod().toNanos());
  }

  private Wish wish(ScalingInput input, double load) {
    int target = input.target();
    int desired =
        input.ready() == 0
            ? ScalingFormula.coldStart(config, target, input.requests())
            : ScalingFormula.desired(config, input.ready() + input.starting(), load);
    int bounded = config.clip(desired);
    if (bounded == 0 && target > 1) {
      bounded = 1; // the last replica has a delay of its own
    }
    if (config.clip(target) != target) {
      return new Wish(desired, bounded, config.clip(target), ScalingReason.OUTSIDE_BOUNDS);
    }
    if (bounded > target) {
      boolean cold = input.ready() == 0;
      ScalingReason reason = cold ? ScalingReason.COLD_START : ScalingReason.BACKLOG_ABOVE_TARGET;
      return new Wish(desired, bounded, bounded, reason);
    }
    return bounded < target ? fewer(desired, bounded, target, load) : same(input, desired, bounded);
  }

  private Wish fewer(int desired, int bounded, int target, double load) {
    int free = ScalingFormula.withHeadroom(load, config.downscaleHeadroom());
    int wanted = Math.max(bounded, Math.min(target, free));
    return new Wish(
        desired,
        bounded,
        wanted,
        wanted == target ? ScalingReason.DOWNSCALE_HEADROOM : ScalingReason.BACKLOG_BELOW_TARGET);
  }

  private static Wish same(ScalingInput input, int desired, int bounded) {
    ScalingReason reason = ScalingReason.AS_WANTED;
    if (desired > bounded) {
      reason = ScalingReason.AT_MAX_REPLICAS;
    } else if (input.ready() == 0 && input.target() > 0) {
      reason = ScalingReason.STARTING;
    }
    return new Wish(desired, bounded, bounded, reason);
  }

  /** Returns for how much longer the wish must hold; 0 if it need not. */
  private long delayLeft(int target, Wish wish) {
    boolean atOnce =
        wish.reason() == ScalingReason.COLD_START || wish.reason() == ScalingReason.OUTSIDE_BOUNDS;
    int wanted = atOnce ? 0 : Integer.signum(wish.wanted() - target);
    if (wanted != direction) {
      direction = wanted;
      directionSinceNanos = nowNanos;
    }
    return direction == 0 ? 0 : Math.max(0, delay(wish) - (nowNanos - directionSinceNanos));
  }

  private long delay(Wish wish) {
    if (direction > 0) {
      return config.upscaleDelay().toNanos();
    }
    Duration delay = wish.wanted() == 0 ? config.delayToZero() : config.downscaleDelay();
    return coolDown.delayNanos(delay.toNanos());
  }

  private ScalingReason delayReason(Wish wish) {
    if (direction > 0) {
      return ScalingReason.UPSCALE_DELAY;
    }
    return wish.wanted() == 0
        ? ScalingReason.DOWNSCALE_TO_ZERO_DELAY
        : ScalingReason.DOWNSCALE_DELAY;
  }

  private void remember(int target, int applied) {
    if (applied == target) {
      return;
    }
    direction = 0;
    if (applied < target) {
      coolDown.downscaled(nowNanos);
    } else {
      coolDown.upscaled(nowNanos, config.downscaleDelay().toNanos());
    }
  }
}
