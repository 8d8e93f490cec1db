package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** {@link BlockManager}: a pool of 8 blocks of 4 tokens. */
final class BlockManagerTest {
  private static final EngineSettings SETTINGS = new EngineSettings(4, 8, 8, 4, 32, true, 1, 1000);

  private final BlockManager blocks = new BlockManager(SETTINGS, new SplittableRandom(1));

  @Test
  void findPrefix_nothingPublished_isZero() {
    Sequence first = admitted(sequence("", 10));

    assertThat(blocks.findPrefix(sequence("", 10))).isZero();
    blocks.publish(first, 3);
    assertThat(blocks.findPrefix(sequence("", 10))).isZero();
  }

  @Test
  void admit_publishedPrefix_isShared() {
    Sequence first = admitted(sequence("", 10));
    blocks.publish(first, 10);

    Sequence second = admitted(sequence("", 12));

    assertThat(second.numScheduledTokens()).isEqualTo(8);
    assertThat(second.numCachedTokens()).isEqualTo(8);
    assertThat(Arrays.copyOf(second.blockTable(), 2))
        .isEqualTo(Arrays.copyOf(first.blockTable(), 2));
    assertThat(blocks.holders(first.block(0))).isEqualTo(2);
    assertThat(blocks.numUsed()).isEqualTo(4);
    assertThat(blocks.prefixQueries()).isEqualTo(22);
    assertThat(blocks.prefixHits()).isEqualTo(8);
  }

  @Test
  void findPrefix_wholePromptCached_leavesItsLastBlockToCompute() {
    blocks.publish(admitted(sequence("", 8)), 8);

    assertThat(blocks.findPrefix(sequence("", 8))).isEqualTo(4);
    assertThat(blocks.findPrefix(sequence("", 9))).isEqualTo(8);
  }

  @Test
  void findPrefix_otherSaltOrEarlierTokens_findsNothing() {
    blocks.publish(admitted(sequence("", 10)), 10);
    int[] differsAtFirst = prompt(10);
    differsAtFirst[0]++;

    assertThat(blocks.findPrefix(sequence("salt", 10))).isZero();
    assertThat(blocks.findPrefix(sequence("", differsAtFirst))).isZero();
  }

  @Test
  void findPrefix_afterRelease_findsTheBlocksUntilTheyAreNeeded() {
    Sequence first = admitted(sequence("", 10));
    blocks.publish(first, 10);
    blocks.release(first);
    assertThat(blocks.numCached()).isEqualTo(2);
    assertThat(blocks.numFree()).isEqualTo(6);
    assertThat(blocks.findPrefix(sequence("", 10))).isEqualTo(8);

    admitted(sequence("other", 28));

    assertThat(blocks.findPrefix(sequence("", 10))).as("the end went first").isEqualTo(4);
    assertThat(blocks.numCached()).isEqualTo(1);
    assertThat(blocks.numFree()).isZero();
  }

  @Test
  void extend_onlyCachedBlocksLeft_takesTheLeastRecentlyUsed() {
    Sequence older = admitted(sequence("older", 5));
    Sequence newer = admitted(sequence("newer", 5));
    blocks.publish(older, 5);
    blocks.publish(newer, 5);
    blocks.release(older);
    blocks.release(newer);
    blocks.release(admitted(sequence("older", 5)));

    admitted(sequence("third", 25));

    assertThat(blocks.findPrefix(sequence("older", 5))).isEqualTo(4);
    assertThat(blocks.findPrefix(sequence("newer", 5))).isZero();
  }

  @Test
  void admit_tooFewBlocks_changesNothing() {
    Sequence first = admitted(sequence("", 10));
    blocks.publish(first, 10);
    blocks.release(first);
    admitted(sequence("other", 20));
    Sequence second = sequence("", 16);

    assertThat(blocks.findPrefix(second)).isEqualTo(8);
    assertThat(blocks.admit(second)).isFalse();

    assertThat(second.numBlocks()).isZero();
    assertThat(blocks.numCached()).isEqualTo(2);
    assertThat(blocks.prefixHits()).isZero();
  }

  @Test
  void publish_sameContentTwice_keepsTheFirst() {
    Sequence first = admitted(sequence("", 5));
    Sequence twin = admitted(sequence("", 5));
    blocks.publish(first, 5);
    blocks.publish(twin, 5);

    blocks.release(twin);

    assertThat(blocks.numCached()).isZero();
    assertThat(blocks.findPrefix(sequence("", 5))).isEqualTo(4);
  }

  @Test
  void admit_preemptedSequence_findsItsOwnBlocksAndCountsNoHit() {
    Sequence sequence = admitted(sequence("", 10));
    blocks.publish(sequence, 10);
    blocks.release(sequence);
    sequence.preempt();

    admitted(sequence);

    assertThat(sequence.numScheduledTokens()).isEqualTo(8);
    assertThat(sequence.numCachedTokens()).isZero();
    assertThat(blocks.prefixHits()).isZero();
  }

  @Test
  void findPrefix_cachingOff_isZero() {
    BlockManager plain = new BlockManager(SETTINGS.withoutPrefixCaching(), new SplittableRandom(1));
    Sequence first = sequence("", 10);
    plain.findPrefix(first);
    plain.admit(first);
    plain.publish(first, 10);

    assertThat(plain.findPrefix(sequence("", 10))).isZero();
    plain.release(first);
    assertThat(plain.numFree()).isEqualTo(8);
    assertThat(plain.prefixQueries()).isZero();
  }

  private Sequence admitted(Sequence sequence) {
    blocks.findPrefix(sequence);
    assertThat(blocks.admit(sequence)).isTrue();
    return sequence;
  }

  private static Sequence sequence(String salt, int promptLength) {
    return sequence(salt, prompt(promptLength));
  }

  private static Sequence sequence(String salt, int[] prompt) {
    GenerationRequest request =
        new GenerationRequest("r", prompt, SamplingParams.greedy(1), salt, RequestTerms.DEFAULT);
    return new Sequence(request, new OutputText(new NumberDetokenizer(), List.of()));
  }

  private static int[] prompt(int length) {
    int[] prompt = new int[length];
    Arrays.setAll(prompt, i -> i + 1);
    return prompt;
  }
}
