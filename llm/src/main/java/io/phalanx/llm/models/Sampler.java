package io.phalanx.llm.models;

import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.layers.ElementwiseMethod;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Draws tokens from logits on the device that holds them.
 *
 * <p>Greedy rows take the likeliest token. The others divide by the temperature, keep the {@code
 * topK} likeliest, of these the smallest set whose probability reaches {@code topP}, of these what
 * has at least {@code minP} of the likeliest one's probability, and draw by the inverse of the
 * cumulative distribution at {@link CounterRandom}'s number. Nothing in a row's result depends on
 * the other rows.
 */
final class Sampler {
  /** Candidates that usually are enough; sorting a large vocabulary takes milliseconds. */
  private static final long HEAD = 1024;

  /** By how much more are taken where they are not. */
  private static final long GROWTH = 8;

  private Sampler() {}

  /**
   * Draws one token for each row.
   *
   * @param logits {@code [R, vocab]}, any float type
   * @param rows {@code R} ways to draw
   * @param elementwise of the device
   * @return {@code [R]} token ids
   */
  static int[] sample(Tensor logits, List<SampleRow> rows, ElementwiseMethod elementwise) {
    try (PointerScope scope = new PointerScope()) {
      Tensor numbers = logits.to(ScalarType.Float);
      int[] tokens =
          rows.stream().allMatch(Sampler::draws)
              ? new int[rows.size()]
              : elementwise.argmax(numbers);
      for (int i = 0; i < tokens.length; i++) {
        SampleRow row = rows.get(i);
        if (draws(row)) {
          tokens[i] = draw(numbers.select(0, i), row);
        }
      }
      return tokens;
    }
  }

  private static boolean draws(SampleRow row) {
    return row.temperature() > 0;
  }

  private static int draw(Tensor logits, SampleRow row) {
    try (PointerScope scope = new PointerScope()) {
      double uniform = CounterRandom.uniform(row.seed(), row.position());
      if (!filters(row, logits.numel())) {
        return (int) pick(probabilities(logits, row), uniform);
      }
      Candidates candidates = candidates(logits, row);
      long kept = kept(candidates.probabilities(), row);
      long index = pick(candidates.probabilities().narrow(0, 0, kept), uniform);
      return (int) candidates.tokens().select(0, index).item_long();
    }
  }

  private static boolean filters(SampleRow row, long vocab) {
    return keepsTopK(row, vocab) || row.topP() < 1 || row.minP() > 0;
  }

  private static boolean keepsTopK(SampleRow row, long vocab) {
    return row.topK() > 0 && row.topK() < vocab;
  }

  /** Probabilities, descending and adding up to 1, float64, and the tokens that they belong to. */
  private record Candidates(Tensor probabilities, Tensor tokens) {}

  private static Candidates candidates(Tensor logits, SampleRow row) {
    if (keepsTopK(row, logits.numel())) {
      T_TensorTensor_T most = logits.topk(row.topK(), 0, true, true);
      return new Candidates(probabilities(most.get0(), row), most.get1());
    }
    Tensor all = probabilities(logits, row);
    for (long head = HEAD; head < all.numel(); head *= GROWTH) {
      Candidates likeliest = candidates(all.topk(head, 0, true, true));
      if (kept(likeliest.probabilities(), row) < head) {
        return likeliest;
      }
    }
    return candidates(all.sort(new BoolOptional(true), 0, true));
  }

  private static Candidates candidates(T_TensorTensor_T sorted) {
    return new Candidates(sorted.get0(), sorted.get1());
  }

  private static Tensor probabilities(Tensor logits, SampleRow row) {
    Tensor scaled = logits.to(ScalarType.Double).div_(new Scalar((double) row.temperature()));
    return scaled.softmax(0);
  }

  /**
   * How many of the candidates, likeliest first, pass {@code topP} and {@code minP}; at least 1.
   */
  private static long kept(Tensor probabilities, SampleRow row) {
    long kept = probabilities.numel();
    if (row.topP() < 1) {
      Tensor before = probabilities.cumsum(0).sub_(probabilities);
      kept = before.lt(new Scalar((double) row.topP())).sum().item_long();
    }
    if (row.minP() > 0) {
      double least = row.minP() * probabilities.select(0, 0).item_double();
      kept = Math.min(kept, probabilities.ge(new Scalar(least)).sum().item_long());
    }
    return Math.max(1, kept);
  }

  /** The first index at which the cumulative sum exceeds the {@code uniform} share of the whole. */
  private static long pick(Tensor probabilities, double uniform) {
    Tensor cumulative = probabilities.cumsum(0);
    long last = cumulative.numel() - 1;
    double target = uniform * cumulative.select(0, last).item_double();
    return Math.min(last, cumulative.le(new Scalar(target)).sum().item_long());
  }
}
