package io.phalanx.llm.layers;

/**
 * Which of a matrix's rows a rank has: those from one share of the whole to another.
 *
 * @param from where they begin, 0 (the first row) to {@code to}
 * @param to where they end, up to 1 (behind the last row)
 */
public record RowShare(double from, double to) {
  /** All rows. */
  public static final RowShare ALL = new RowShare(0, 1);

  /** Rows are cut at multiples of this, so that kernels seldom have a rest. */
  private static final long ALIGNMENT = 64;

  /** Checks the order. */
  public RowShare {
    if (!(0 <= from && from <= to && to <= 1)) {
      throw new IllegalArgumentException("rows from [" + from + "] to [" + to + "]");
    }
  }

  /** Returns the first row of {@code rows}. */
  public long first(long rows) {
    return row(from, rows);
  }

  /** Returns how many of {@code rows} these are; perhaps none. */
  public long count(long rows) {
    return row(to, rows) - row(from, rows);
  }

  private static long row(double share, long rows) {
    return share == 1 ? rows : Math.min(rows, Math.round(share * rows / ALIGNMENT) * ALIGNMENT);
  }
}
