package io.phalanx.llm.layers.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.layers.AttentionMethod;
import io.phalanx.llm.layers.CacheSettings;
import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.llm.layers.RankThreadExtension;
import io.phalanx.llm.layers.TorchMethods;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link CompiledAttention} against LibTorch's, and against itself in other batches. */
final class CompiledAttentionTest {
  private static final int NUM_BLOCKS = 96;

  @RegisterExtension final RankThreadExtension rank = new RankThreadExtension();
  private Tensor frequencies;

  @BeforeEach
  void enter() {
    frequencies = torch.rand(32);
  }

  /** Instruction set, type and what may differ, heads, key/value heads, head size, block size. */
  private static Stream<Arguments> shapes() {
    return CpuIsa.available().stream()
        .flatMap(
            isa ->
                Stream.of(
                    Arguments.of(isa, KvCacheType.FLOAT32, 1e-5, 4, 2, 32, 16),
                    Arguments.of(isa, KvCacheType.FLOAT32, 1e-5, 6, 1, 8, 8),
                    Arguments.of(isa, KvCacheType.FLOAT32, 1e-5, 3, 3, 80, 20),
                    Arguments.of(isa, KvCacheType.FLOAT32, 1e-5, 16, 2, 128, 256),
                    Arguments.of(isa, KvCacheType.FLOAT32, 1e-5, 9, 1, 64, 1),
                    Arguments.of(isa, KvCacheType.FLOAT16, 3e-3, 8, 2, 64, 16),
                    Arguments.of(isa, KvCacheType.BFLOAT16, 3e-2, 8, 2, 64, 16),
                    Arguments.of(isa, KvCacheType.INT16_PER_TOKEN_HEAD, 5e-4, 8, 2, 64, 16),
                    Arguments.of(isa, KvCacheType.INT16_PER_TOKEN_HEAD, 5e-4, 5, 1, 72, 40)));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void forward_chunksAndDecodesTogether_equalsLibTorch(
      CpuIsa isa, KvCacheType type, double tolerance, int heads, int kvHeads, int dim, int block) {
    Heads shape = new Heads(heads, kvHeads, dim);
    frequencies = torch.rand(dim / 2);
    int[][] tables = tables(block);
    Tensor first = projected(shape, 330);
    Tensor second = projected(shape, 41);
    ModelInput prefill = input(tables, new int[] {270, 60}, new int[] {270, 60});
    ModelInput mixed = input(tables, new int[] {1, 40}, new int[] {271, 100});
    try (ComputePool pool = ComputePool.start(3, isa)) {
      Run compiled = new Run(compiled(pool, type, block), shape);
      Run torchs =
          new Run(TorchMethods.attention(new CacheSettings(KvCacheType.FLOAT32, block)), shape);

      assertClose(compiled.forward(first, prefill), torchs.forward(first, prefill), tolerance);
      assertClose(compiled.forward(second, mixed), torchs.forward(second, mixed), tolerance);
      assertClose(compiled.lastRows(second, mixed), torchs.lastRows(second, mixed), tolerance);
    }
  }

  private static Stream<Arguments> variants() {
    return CpuIsa.available().stream()
        .flatMap(
            isa ->
                Stream.of(KvCacheType.FLOAT32, KvCacheType.INT16_PER_TOKEN_HEAD)
                    .map(type -> Arguments.of(isa, type)));
  }

  @ParameterizedTest
  @MethodSource("variants")
  void forward_anyChunksThreadsAndNeighbours_givesTheSameBits(CpuIsa isa, KvCacheType type) {
    Heads shape = new Heads(8, 2, 64);
    int block = 16;
    int[][] tables = tables(block);
    Tensor rows = projected(shape, 700);
    try (ComputePool one = ComputePool.start(1, isa);
        ComputePool three = ComputePool.start(3, isa)) {
      Run whole = new Run(compiled(one, type, block), shape);
      Tensor expected =
          whole.forward(rows, input(tables, new int[] {700}, new int[] {700})).clone();
      Run parts = new Run(compiled(three, type, block), shape);
      for (int from = 0, length = 1; from < 700; from += length) {
        length = Math.min(700 - from, from < 65 ? from + 1 : 64 - from % 61);
        int other = 1 + from % 7;
        Tensor both =
            torch.cat(
                TorchMethods.vector(rows.narrow(0, from, length), projected(shape, other)), 0);
        ModelInput input =
            input(tables, new int[] {length, other}, new int[] {from + length, other});

        Tensor found = parts.forward(both, input).narrow(0, 0, length);

        assertThat(found.equal(expected.narrow(0, from, length))).as("from %d", from).isTrue();
      }
    }
  }

  private static AttentionMethod compiled(ComputePool pool, KvCacheType type, int blockSize) {
    return new CompiledAttention(
        pool, new CacheSettings(type, blockSize), new CompiledElementwise(pool));
  }

  /** One layer with its cache. */
  private final class Run {
    private final AttentionMethod method;
    private final Heads heads;
    private final KvCache.Layer cache;

    Run(AttentionMethod method, Heads heads) {
      this.method = method;
      this.heads = heads;
      int blocks = 2 * NUM_BLOCKS * 16 / method.cache().blockSize() + 2;
      this.cache = method.allocate(blocks, heads, rank.owner());
    }

    Tensor forward(Tensor projected, ModelInput input) {
      return forward(projected, method.step(input, frequencies));
    }

    Tensor lastRows(Tensor projected, ModelInput input) {
      return forward(projected, method.step(input, frequencies).ofLastLayer());
    }

    private Tensor forward(Tensor projected, ModelStep step) {
      Tensor rows =
          method.layer(heads, null, null, rank.owner()).forward(projected.clone(), cache, step);
      return Objects.requireNonNull(rows, "the step has queries");
    }
  }

  private static Tensor projected(Heads heads, int tokens) {
    return torch.randn(tokens, (heads.numHeads() + 2L * heads.numKvHeads()) * heads.headDim());
  }

  /** Blocks for two sequences of 700 tokens, one's in a row and the other's scattered. */
  private static int[][] tables(int blockSize) {
    int count = (700 + blockSize - 1) / blockSize;
    int[] inRow = IntStream.range(0, count).toArray();
    int[] scattered = IntStream.range(0, count).map(b -> 2 * count - 1 - b).toArray();
    return new int[][] {scattered, inRow};
  }

  private static ModelInput input(int[][] tables, int[] lengths, int[] contexts) {
    List<SampleRow> samples =
        IntStream.range(0, lengths.length)
            .mapToObj(s -> new SampleRow(s, 0, -1, 1, 0, 0, 0))
            .toList();
    int[][] used = Arrays.copyOf(tables, lengths.length);
    return new ModelInput(
        1, new int[IntStream.of(lengths).sum()], lengths, contexts, used, samples);
  }

  private static void assertClose(Tensor found, Tensor expected, double tolerance) {
    assertThat(found.sizes().vec().get()).isEqualTo(expected.sizes().vec().get());
    assertThat(found.sub(expected).abs().max().item_double()).isLessThanOrEqualTo(tolerance);
  }
}
