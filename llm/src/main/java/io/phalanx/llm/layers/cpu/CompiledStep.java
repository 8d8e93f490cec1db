package io.phalanx.llm.layers.cpu;

import io.phalanx.llm.layers.BatchLayout;
import io.phalanx.llm.layers.ModelStep;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A step as the compiled kernels read it: int32 in one piece of native memory, and the angles in
 * another, both of the scope in which the step was made.
 */
final class CompiledStep implements ModelStep {
  private final Places places;
  private final Queries all;
  private final Queries sampled;
  private final Queries queries;
  private final CompiledElementwise elementwise;

  /**
   * Where the step's numbers lie; addresses.
   *
   * @param numTokens {@code T}
   * @param tokenIds {@code [T]}
   * @param slots {@code [T]}
   * @param sampleRows {@code [R]}
   * @param tables block numbers of all sequences
   * @param cosines {@code [T, D / 2]} float32
   * @param sines likewise
   */
  private record Places(
      int numTokens,
      long tokenIds,
      long slots,
      long sampleRows,
      long tables,
      long cosines,
      long sines) {}

  /**
   * Queries to compute.
   *
   * @param rows {@code Q}
   * @param spans address of {@code [numSpans, 5]}, {@code struct phx_span}
   */
  private record Queries(int rows, long spans, int numSpans) {}

  private CompiledStep(
      Places places,
      Queries all,
      Queries sampled,
      Queries queries,
      CompiledElementwise elementwise) {
    this.places = places;
    this.all = all;
    this.sampled = sampled;
    this.queries = queries;
    this.elementwise = elementwise;
  }

  /** Returns {@code step}, which {@link CompiledAttention} made. */
  static CompiledStep of(ModelStep step) {
    return (CompiledStep) step;
  }

  /**
   * Copies a step to native memory and computes its angles.
   *
   * @param inverseFrequencies {@code [D / 2]} float32
   */
  static CompiledStep of(
      BatchLayout layout,
      int blockSize,
      Tensor inverseFrequencies,
      ComputePool pool,
      CompiledElementwise elementwise) {
    StepNumbers numbers = StepNumbers.of(layout, blockSize);
    long first = copied(numbers.values());
    int tokens = layout.slots().length;
    int half = (int) inverseFrequencies.numel();
    Tensor angles =
        torch.empty(new long[] {2, tokens, half}, new TensorOptions(ScalarType.Float), null);
    long cosines = angles.data_ptr().address();
    long sines = cosines + (long) tokens * half * Float.BYTES;
    CpuKernels.angles(
        pool.address(),
        tokens,
        first + numbers.positions(),
        half,
        inverseFrequencies.data_ptr().address(),
        cosines,
        sines);
    Places places =
        new Places(
            tokens,
            first + numbers.tokenIds(),
            first + numbers.slots(),
            first + numbers.sampleRows(),
            first + numbers.tables(),
            cosines,
            sines);
    int drawn = layout.sampleRows().length;
    Queries all = new Queries(tokens, first + numbers.spans(), layout.spans().size());
    Queries sampled =
        layout.drawsFewerThanAll() ? new Queries(drawn, first + numbers.sampleSpans(), drawn) : all;
    return new CompiledStep(places, all, sampled, all, elementwise);
  }

  private static long copied(int[] values) {
    Tensor memory =
        torch.empty(new long[] {values.length}, new TensorOptions(ScalarType.Int), null);
    IntPointer place = new IntPointer(memory.data_ptr());
    place.put(values);
    return place.address();
  }

  @Override
  public int numTokens() {
    return places.numTokens();
  }

  @Override
  public CompiledStep ofLastLayer() {
    return new CompiledStep(places, all, sampled, sampled, elementwise);
  }

  @Override
  public boolean hasQueries() {
    return queries.rows() > 0;
  }

  @Override
  public Tensor queryRows(Tensor rows) {
    return queries.equals(all)
        ? rows
        : elementwise.lookUp(rows, 0, places.sampleRows(), queries.rows());
  }

  long tokenIds() {
    return places.tokenIds();
  }

  long slots() {
    return places.slots();
  }

  long tables() {
    return places.tables();
  }

  long cosines() {
    return places.cosines();
  }

  long sines() {
    return places.sines();
  }

  int numQueries() {
    return queries.rows();
  }

  long spans() {
    return queries.spans();
  }

  int numSpans() {
    return queries.numSpans();
  }
}
