package io.phalanx.llm.layers;

import io.phalanx.llm.layers.LayerContext.RowSlice;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The projections to queries, keys and values as one product, heads spread over the ranks. With
 * more ranks than key/value heads, several ranks hold a copy of the same head.
 */
public final class QkvParallelLinear {
  private final ColumnParallelLinear linear;

  private QkvParallelLinear(ColumnParallelLinear linear) {
    this.linear = linear;
  }

  /**
   * The heads of a layer, all ranks together.
   *
   * @param numHeads query heads, a multiple of the ranks
   * @param numKvHeads key/value heads, a multiple or a divisor of the ranks
   * @param headDim elements of a head
   */
  public record Heads(int numHeads, int numKvHeads, int headDim) {

    /** Returns the heads of one of {@code ranks} ranks. */
    public Heads ofRank(int ranks) {
      return new Heads(numHeads / ranks, Math.max(1, numKvHeads / ranks), headDim);
    }
  }

  /**
   * Loads this rank's heads of {@code q_proj}, {@code k_proj} and {@code v_proj}.
   *
   * @param prefix in front of the three names, such as {@code model.layers.0.self_attn.}
   */
  public static QkvParallelLinear load(
      LayerContext context, String prefix, Heads heads, int inFeatures, boolean bias) {
    long headDim = heads.headDim();
    Heads own = heads.ofRank(context.size());
    long firstKvHead = (long) context.rank() * heads.numKvHeads() / context.size();
    long kvRows = heads.numKvHeads() * headDim;
    long firstKvRow = firstKvHead * headDim;
    long ownKvRows = own.numKvHeads() * headDim;
    List<RowSlice> parts =
        List.of(
            RowSlice.even(prefix + "q_proj", heads.numHeads() * headDim, context),
            new RowSlice(prefix + "k_proj", kvRows, firstKvRow, ownKvRows),
            new RowSlice(prefix + "v_proj", kvRows, firstKvRow, ownKvRows));
    return new QkvParallelLinear(ColumnParallelLinear.load(context, parts, inFeatures, bias));
  }

  /**
   * Projects each row.
   *
   * @param input {@code [T, in]}
   * @return {@code [T, (H + 2 K) * D]} for this rank's {@code H} query and {@code K} key/value
   *     heads: queries, then keys, then values
   */
  public Tensor forward(Tensor input) {
    return linear.forward(input);
  }
}
