package io.phalanx.llm.layers.cpu;

import io.phalanx.llm.layers.BatchLayout;
import io.phalanx.llm.layers.BatchLayout.Span;

/**
 * All integers of a step, one behind the other, and at which byte each kind starts.
 *
 * @param values in the order of the other components
 * @param tokenIds {@code [T]}
 * @param positions {@code [T]}
 * @param slots {@code [T]}
 * @param sampleRows {@code [R]}
 * @param spans {@code [S, 5]}: first query, first output, queries, context length, start in {@code
 *     tables}
 * @param sampleSpans {@code [R, 5]}, likewise, for the sampled rows alone
 * @param tables block numbers of one sequence after the other
 */
@SuppressWarnings("ArrayRecordComponent") // never changed or compared
record StepNumbers(
    int[] values,
    long tokenIds,
    long positions,
    long slots,
    long sampleRows,
    long spans,
    long sampleSpans,
    long tables) {

  static StepNumbers of(BatchLayout layout, int blockSize) {
    Writer writer = new Writer(size(layout, blockSize));
    long tokenIds = writer.add(layout.tokenIds());
    long positions = writer.add(layout.positions());
    long slots = writer.add(layout.slots());
    long sampleRows = writer.add(layout.sampleRows());
    int[] starts = tableStarts(layout, blockSize);
    long spans = writer.place();
    for (int s = 0; s < layout.spans().size(); s++) {
      Span span = layout.spans().get(s);
      writer.add(
          span.firstToken(), span.firstToken(), span.numTokens(), span.contextLength(), starts[s]);
    }
    long sampleSpans = writer.place();
    for (int row = 0; row < layout.sampleRows().length; row++) {
      int s = layout.sampleSpans()[row];
      int length = layout.spans().get(s).contextLength();
      writer.add(layout.sampleRows()[row], row, 1, length, starts[s]);
    }
    long tables = writer.place();
    layout.spans().forEach(span -> writer.add(span.blocks(), usedBlocks(span, blockSize)));
    return new StepNumbers(
        writer.values, tokenIds, positions, slots, sampleRows, spans, sampleSpans, tables);
  }

  private static int size(BatchLayout layout, int blockSize) {
    int drawn = layout.sampleRows().length;
    int fixed = 3 * layout.slots().length + drawn + 5 * (layout.spans().size() + drawn);
    return fixed + layout.spans().stream().mapToInt(s -> usedBlocks(s, blockSize)).sum();
  }

  private static int usedBlocks(Span span, int blockSize) {
    return (span.contextLength() + blockSize - 1) / blockSize;
  }

  private static int[] tableStarts(BatchLayout layout, int blockSize) {
    int[] starts = new int[layout.spans().size()];
    for (int s = 1; s < starts.length; s++) {
      starts[s] = starts[s - 1] + usedBlocks(layout.spans().get(s - 1), blockSize);
    }
    return starts;
  }

  private static final class Writer {
    private final int[] values;
    private int count;

    Writer(int size) {
      this.values = new int[size];
    }

    /** In bytes. */
    long place() {
      return (long) count * Integer.BYTES;
    }

    /** Returns where {@code added} starts. */
    long add(int... added) {
      return add(added, added.length);
    }

    long add(int[] added, int length) {
      long place = place();
      System.arraycopy(added, 0, values, count, length);
      count += length;
      return place;
    }
  }
}
