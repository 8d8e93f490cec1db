package io.phalanx.placement;

import com.typesafe.config.Config;
import io.phalanx.runtime.config.ConfigReader;
import java.time.Duration;

/**
 * The typed view of {@code phalanx.placement}.
 *
 * @param searchBudget how long the search for the fewest nodes may take per plan
 * @param prepareTimeout how long a node holds bundles that nobody commits
 * @param reservationTimeout how long the manager waits for all nodes to prepare
 * @param resendInterval after which an unanswered message to a node is repeated
 * @param retryInterval after which a waiting group is planned again, whatever has changed
 * @param maxRetryDelay the longest delay after attempts that nodes refused or did not answer
 * @param reportInterval how often a waiting group's subscriber is told what is missing
 * @param recoveryTimeout how long a new manager waits for all nodes, once most have answered
 * @param guardAfter how long a group waits before nodes are kept for it
 * @param guardDuration how long they are kept at most
 * @param tickInterval the manager's clock
 */
public record PlacementSettings(
    Duration searchBudget,
    Duration prepareTimeout,
    Duration reservationTimeout,
    Duration resendInterval,
    Duration retryInterval,
    Duration maxRetryDelay,
    Duration reportInterval,
    Duration recoveryTimeout,
    Duration guardAfter,
    Duration guardDuration,
    Duration tickInterval) {

  /** Checks the order of the time-outs. */
  public PlacementSettings {
    if (reservationTimeout.compareTo(prepareTimeout) >= 0) {
      throw new IllegalArgumentException(
          "reservationTimeout [%s] must be below prepareTimeout [%s]"
              .formatted(reservationTimeout, prepareTimeout));
    }
  }

  /** Reads {@code phalanx.placement}; refuses keys it does not know. */
  public static PlacementSettings of(Config config) {
    ConfigReader reader = ConfigReader.of(config, "phalanx.placement");
    Duration prepareTimeout = positive(reader, "prepare-timeout");
    Duration reservationTimeout = positive(reader, "reservation-timeout");
    if (reservationTimeout.compareTo(prepareTimeout) >= 0) {
      throw reader.error("reservation-timeout", "must be below prepare-timeout");
    }
    PlacementSettings settings =
        new PlacementSettings(
            positive(reader, "search-budget"),
            prepareTimeout,
            reservationTimeout,
            positive(reader, "resend-interval"),
            positive(reader, "retry-interval"),
            positive(reader, "max-retry-delay"),
            positive(reader, "report-interval"),
            positive(reader, "recovery-timeout"),
            positive(reader, "guard-after"),
            positive(reader, "guard-duration"),
            positive(reader, "tick-interval"));
    reader.rejectUnknown();
    return settings;
  }

  private static Duration positive(ConfigReader reader, String key) {
    Duration duration = reader.duration(key);
    if (duration.isZero() || duration.isNegative()) {
      throw reader.error(key, "[" + duration + "] must be above 0");
    }
    return duration;
  }
}
