package io.phalanx.llm;

/**
 * How the ingresses choose a replica for each request of a model.
 *
 * @param policy by what requests without a session are given out
 * @param imbalanceThreshold how many requests more than the least busy replica one may have and
 *     still be preferred for a prefix or a session, at least 1
 * @param sessionHeader the HTTP header that names a request's session, in lower case
 */
public record RequestRouterConfig(
    RoutingPolicy policy, int imbalanceThreshold, String sessionHeader) {

  /** Power of two choices; sessions by {@code x-session-id}. */
  public static final RequestRouterConfig DEFAULT =
      new RequestRouterConfig(RoutingPolicy.POWER_OF_TWO, 10, "x-session-id");

  /** Checks the ranges. */
  public RequestRouterConfig {
    require(
        imbalanceThreshold >= 1, "imbalance-threshold", imbalanceThreshold, "at least 1 request");
    require(
        sessionHeader.matches("[a-z0-9][a-z0-9-]{0,99}"),
        "session-header",
        sessionHeader,
        "1 to 100 lower-case letters, digits and hyphens");
  }

  private static void require(boolean holds, String key, Object value, String allowed) {
    ConfigRange.require(holds, "deployment-config.request-router." + key, value, allowed);
  }
}
