package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** {@link RequestSeeds} with an engine seed and without. */
final class RequestSeedsTest {

  @Test
  void next_sameEngineSeed_isTheSameSequenceOfDifferentSeeds() {
    assertThat(four(Optional.of(7L))).doesNotHaveDuplicates().isEqualTo(four(Optional.of(7L)));
  }

  @Test
  void next_anotherOrNoEngineSeed_isAnotherSequence() {
    assertThat(four(Optional.of(7L))).isNotEqualTo(four(Optional.of(8L)));
    assertThat(four(Optional.empty())).isNotEqualTo(four(Optional.empty()));
  }

  private static long[] four(Optional<Long> engineSeed) {
    RequestSeeds seeds = new RequestSeeds(engineSeed);
    return LongStream.generate(seeds::next).limit(4).toArray();
  }
}
