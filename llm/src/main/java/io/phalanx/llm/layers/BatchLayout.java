package io.phalanx.llm.layers;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where the tokens of a step stand, in plain integers.
 *
 * <p>Letters: {@code T} scheduled tokens of all sequences, {@code R} rows whose next token is
 * drawn.
 *
 * @param tokenIds {@code [T]}
 * @param positions {@code [T]} of each token in its sequence
 * @param slots {@code [T]} where each token's key and value go
 * @param sampleRows {@code [R]} indexes into {@code T}
 * @param sampleSpans {@code [R]} indexes into {@code spans}
 * @param spans one for each sequence, in order
 */
@SuppressWarnings("ArrayRecordComponent") // never changed or compared
public record BatchLayout(
    int[] tokenIds,
    int[] positions,
    int[] slots,
    int[] sampleRows,
    int[] sampleSpans,
    List<Span> spans) {

  /**
   * The tokens of one sequence.
   *
   * @param firstToken index into {@code T}
   * @param numTokens scheduled in this step
   * @param contextLength tokens with keys and values after this step
   * @param blocks the sequence's block table
   */
  @SuppressWarnings("ArrayRecordComponent") // never changed or compared
  public record Span(int firstToken, int numTokens, int contextLength, int[] blocks) {}

  /** Returns whether some row's token is not drawn. */
  public boolean drawsFewerThanAll() {
    return sampleRows.length < slots.length;
  }

  /** Lays out a step whose blocks have {@code blockSize} tokens. */
  public static BatchLayout of(ModelInput input, int blockSize) {
    int[] positions = new int[input.numTokens()];
    int[] slots = new int[input.numTokens()];
    List<Span> spans = new ArrayList<>();
    int token = 0;
    for (int s = 0; s < input.numSequences(); s++) {
      int numTokens = input.queryLengths()[s];
      int contextLength = input.contextLengths()[s];
      int[] blocks = input.blockTables()[s];
      spans.add(new Span(token, numTokens, contextLength, blocks));
      for (int p = contextLength - numTokens; p < contextLength; p++) {
        positions[token] = p;
        slots[token++] = blocks[p / blockSize] * blockSize + p % blockSize;
      }
    }
    int[] sampleSpans = input.samples().stream().mapToInt(SampleRow::sequence).toArray();
    return new BatchLayout(
        input.tokenIds(), positions, slots, lastRows(sampleSpans, spans), sampleSpans, spans);
  }

  private static int[] lastRows(int[] sampleSpans, List<Span> spans) {
    return IntStream.of(sampleSpans)
        .mapToObj(spans::get)
        .mapToInt(span -> span.firstToken() + span.numTokens() - 1)
        .toArray();
  }
}
