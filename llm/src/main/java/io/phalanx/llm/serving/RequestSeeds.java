package io.phalanx.llm.serving;

import java.security.SecureRandom;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * The seeds of requests that bring none of their own, at one ingress; safe for many threads. With
 * an engine seed the n-th of them is always the same, else each is drawn at random.
 */
final class RequestSeeds {
  private final RandomGenerator random;

  RequestSeeds(Optional<Long> engineSeed) {
    this.random =
        engineSeed.<RandomGenerator>map(SplittableRandom::new).orElseGet(SecureRandom::new);
  }

  synchronized long next() {
    return random.nextLong();
  }
}
