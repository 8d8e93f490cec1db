package io.phalanx.llm.layers.cpu;

/**
 * The compiled kernels, as they are in {@code src/main/native}. Addresses and handles are plain
 * numbers: nothing is checked, and whoever calls keeps alive what an address points to.
 *
 * <p>Call them only if {@link CpuIsa#best} is not {@link CpuIsa#NONE}.
 */
public final class CpuKernels {
  private CpuKernels() {}

  /** Returns the {@link CpuIsa#number} of the best set of this processor. */
  static native int bestIsa();

  /**
   * Returns a pool for {@code threads} threads in all whose kernels use an instruction set, or 0.
   */
  static native long createPool(int threads, int isa);

  /** Works for a pool on the calling thread until the pool is stopped. */
  static native void work(long pool);

  /** Ends the calls of {@link #work} of a pool that runs nothing. */
  static native void stopPool(long pool);

  /** Frees a pool in which no thread works any more. */
  static native void freePool(long pool);

  /** Gives back the memory of pages that lie wholly in this part of a mapped file. */
  static native void releasePages(long address, long bytes);

  /**
   * Creates a matrix without elements of its own.
   *
   * @param type a {@link WeightType#number}
   * @param columns elements of a row
   * @param bias address of a float for each row, or 0
   * @param segments how many places the rows lie in
   * @return a handle, or 0 if there is no memory
   */
  public static native long createMatrix(int type, long columns, long bias, int segments);

  /**
   * Says where some rows of a matrix lie.
   *
   * @param index of the segment; rows are counted through the segments in order
   * @param base address of the first row
   * @param stride elements from one row to the next
   */
  public static native void setSegment(long matrix, int index, long base, long rows, long stride);

  /** Frees a matrix, not its elements. */
  public static native void freeMatrix(long matrix);

  /**
   * Multiplies rows of floats with a matrix.
   *
   * @param pool see {@link ComputePool#address}
   * @param x {@code [m, columns]} float32
   * @param y {@code [m, rows]} float32, written
   * @return 0, or 1 if there is no memory
   */
  public static native int multiply(long pool, long matrix, long x, long m, long y);

  /**
   * Multiplies rows of floats, rounded to bfloat16, with a matrix of type {@link WeightType#BF16}
   * in a pool that uses {@link CpuIsa#AVX512BF16}; parameters and result as of {@link #multiply}.
   */
  public static native int multiplyRounded(long pool, long matrix, long x, long m, long y);

  /**
   * Creates a matrix of 8-bit weights with a scale for each row from another's elements, which are
   * not needed any more; its bias is.
   *
   * @param pool whose threads do it, and in which it is used
   * @return a handle, or 0 if there is no memory
   */
  public static native long createInt8Matrix(long pool, long matrix);

  /** Frees a matrix of 8-bit weights. */
  public static native void freeInt8Matrix(long matrix);

  /**
   * Multiplies rows of floats, rounded to 8 bits with a scale for each row, with a matrix of 8-bit
   * weights; parameters and result as of {@link #multiply}.
   */
  public static native int multiplyInt8(long pool, long matrix, long x, long m, long y);

  /**
   * Normalizes rows of {@code size} float32.
   *
   * @param weight {@code [size]}
   * @param input {@code [rows, size]}; becomes the sum if there is a residual
   * @param residual added to the input first, or 0
   * @param output {@code [rows, size]}, written
   */
  static native void rmsNorm(
      long pool,
      long weight,
      int size,
      float epsilon,
      long rows,
      long input,
      long residual,
      long output);

  /**
   * Computes {@code silu(gate) * up}.
   *
   * @param gateAndUp {@code [rows, 2 * size]} float32
   * @param output {@code [rows, size]}, written
   */
  static native void siluAndMul(long pool, long rows, long size, long gateAndUp, long output);

  /** Adds {@code summand} to {@code sum}, {@code count} float32 each. */
  static native void add(long pool, long count, long sum, long summand);

  /**
   * Looks up rows of a part of a table as float32; zeros for those that are not in it.
   *
   * @param type a {@link WeightType#number}
   * @param first number of the part's first row
   * @param rows of the part
   * @param size elements of a row
   * @param numbers {@code [count]} int32
   * @param output {@code [count, size]}, written
   */
  static native void lookUp(
      long pool,
      int type,
      long table,
      long first,
      long rows,
      long size,
      long numbers,
      long count,
      long output);

  /** Finds the first greatest of each row of float32; writes {@code [rows]} int32. */
  static native void argmax(long pool, long rows, long size, long values, long numbers);

  /**
   * Computes the angles of a step.
   *
   * @param positions {@code [count]} int32
   * @param frequencies {@code [size]} float32
   * @param cosines {@code [count, size]}, written
   * @param sines likewise
   */
  static native void angles(
      long pool, long count, long positions, int size, long frequencies, long cosines, long sines);

  /**
   * Normalizes and rotates queries where they lie, and keys on their way to the cache, where values
   * go too.
   *
   * @param layer heads and cache, as {@code attention.h} has them
   * @param projected {@code [tokens, (heads + 2 kvHeads) * headDim]} float32, changed
   * @param slots {@code [tokens]} int32
   */
  static native void rotateAndWrite(
      long pool,
      long layer,
      long keys,
      long values,
      long projected,
      long tokens,
      long slots,
      long cosines,
      long sines);

  /**
   * Attends queries to the keys and values in their sequences' blocks.
   *
   * @param layer heads and cache, as {@code attention.h} has them
   * @param projected as {@link #rotateAndWrite} left it
   * @param spans queries of sequences, as {@code attention.h} has them
   * @param tables block numbers, int32
   * @param output {@code [queries, heads * headDim]} float32, written
   * @return 0, or 1 if there is no memory
   */
  static native int attend(
      long pool,
      long layer,
      long keys,
      long values,
      long projected,
      long spans,
      int numSpans,
      long tables,
      long output);
}
