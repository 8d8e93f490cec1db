package io.phalanx.llm.layers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * LibTorch's scaled dot-product attention with an explicit mask; runs on every device.
 *
 * <p>Queries are taken in slices, so that a mask never has more than {@link #MAX_MASK_ELEMENTS}
 * elements however long the context is.
 */
final class MaskedAttention implements DenseAttention {
  /** 4 Mi elements of one byte. */
  static final long MAX_MASK_ELEMENTS = 1 << 22;

  @Override
  public Tensor attend(Tensor query, Tensor keys, Tensor values) {
    long tokens = query.size(0);
    long context = keys.size(0) - tokens;
    long slice = Math.max(1, Math.min(tokens, MAX_MASK_ELEMENTS / keys.size(0)));
    if (slice == tokens) {
      return attendSlice(query, keys, values);
    }
    List<Tensor> results = new ArrayList<>();
    for (long first = 0; first < tokens; first += slice) {
      long length = Math.min(slice, tokens - first);
      long visible = context + first + length;
      results.add(
          attendSlice(
              query.narrow(0, first, length),
              keys.narrow(0, 0, visible),
              values.narrow(0, 0, visible)));
    }
    return torch.cat(new TensorVector(results.toArray(new Tensor[0])), 0);
  }

  private static Tensor attendSlice(Tensor query, Tensor keys, Tensor values) {
    HeadGroups groups = HeadGroups.of(query, keys);
    Tensor attended =
        torch.scaled_dot_product_attention(
            groups.query(query),
            groups.keysOrValues(keys),
            groups.keysOrValues(values),
            new TensorOptional(causalMask(query, keys)),
            0.0,
            false,
            new DoubleOptional(),
            false);
    return groups.ungroup(attended);
  }

  /** {@code [T, L]}, true where a query may look: up to its own position. */
  private static Tensor causalMask(Tensor query, Tensor keys) {
    long tokens = query.size(0);
    long length = keys.size(0);
    TensorOptions options =
        new TensorOptions(ScalarType.Bool).device(new DeviceOptional(query.device()));
    return torch.ones(new long[] {tokens, length}, options).tril(length - tokens);
  }
}
