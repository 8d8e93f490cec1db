package io.phalanx.llm.routing;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.RequestRouterConfig;
import io.phalanx.llm.RoutingPolicy;
import java.util.function.Function;
import java.util.random.RandomGenerator;

/** Makes the policy that a model's configuration asks for. */
public final class ReplicaPickers {

  private ReplicaPickers() {}

  /**
   * Returns the policy of a model: its sessions stay where they are, and other requests go by the
   * policy that is configured.
   *
   * @param name a replica's name, the same on every ingress
   */
  public static <R> ReplicaPicker<R> of(
      LlmConfig config, RandomGenerator random, Function<R, String> name) {
    RequestRouterConfig router = config.deploymentConfig().requestRouter();
    ReplicaPicker<R> picker = new PowerOfTwoChoices<>(random);
    if (router.policy() == RoutingPolicy.PREFIX_AFFINITY) {
      int blockSize = config.engineKwargs().blockSize();
      picker = new PrefixAffinity<>(picker, router.imbalanceThreshold(), blockSize);
    }
    return new SessionAffinity<>(picker, name, router.imbalanceThreshold());
  }
}
