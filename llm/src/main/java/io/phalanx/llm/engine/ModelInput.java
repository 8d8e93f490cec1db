package io.phalanx.llm.engine;

import java.util.List;

/**
 * What every rank of a replica computes in one step: integers only, so that it can cross nodes.
 *
 * <p>Letters: {@code T} scheduled tokens of all sequences, {@code S} sequences. Sequence {@code s}
 * computes the tokens at positions {@code contextLengths[s] - queryLengths[s] .. contextLengths[s]
 * - 1}; the slot of position {@code p} is {@code blockTables[s][p / blockSize] * blockSize + p %
 * blockSize}.
 *
 * @param step the engine's step number, ascending
 * @param tokenIds {@code [T]}, sequence after sequence
 * @param queryLengths {@code [S]} tokens computed in this step, at least 1 each, sum {@code T}
 * @param contextLengths {@code [S]} tokens with keys and values after this step
 * @param blockTables {@code [S][]} block numbers of each sequence
 * @param samples the sequences whose next token is drawn in this step, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // a wire value that nobody compares or changes
public record ModelInput(
    long step,
    int[] tokenIds,
    int[] queryLengths,
    int[] contextLengths,
    int[][] blockTables,
    List<SampleRow> samples) {

  /**
   * How to draw the next token of one sequence.
   *
   * @param sequence index {@code s} of the sequence; the logits of its last token are used
   * @param temperature 0 is greedy
   * @param topK -1 or 0 keeps all
   * @param topP (0, 1]
   * @param minP [0, 1]
   * @param seed first part of the draw's key
   * @param position index of the token among the generated ones, last part of the draw's key
   */
  public record SampleRow(
      int sequence, float temperature, int topK, float topP, float minP, long seed, int position) {}

  /** Copies the list. */
  public ModelInput {
    samples = List.copyOf(samples);
  }

  /** Returns {@code T}. */
  public int numTokens() {
    return tokenIds.length;
  }

  /** Returns {@code S}. */
  public int numSequences() {
    return queryLengths.length;
  }
}
