package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;

/**
 * LibTorch's blocked attention for the CPU, which never builds a mask.
 *
 * <p>Its causal form lets query {@code i} see keys {@code 0 .. i}, so the tokens before the chunk
 * are attended without a mask, the chunk itself causally, and the two are merged by the logarithms
 * of their sums of exponentials. A single query sees everything: then the query heads that share a
 * key/value head are its rows.
 *
 * @see <a href="https://arxiv.org/abs/2205.14135">Dao et al., FlashAttention (2022)</a>
 */
final class CpuFlashAttention implements DenseAttention {
  private final OperatorHandle operator;

  /**
   * Creates the method.
   *
   * @param owner keeps the operator's handle
   */
  CpuFlashAttention(NativeOwner owner) {
    this.operator =
        owner.keep(
            Dispatcher.singleton()
                .findSchemaOrThrow("aten::_scaled_dot_product_flash_attention_for_cpu", ""));
  }

  /** Attended values and, for each query, the logarithm of its scores' sum of exponentials. */
  private record Part(Tensor values, Tensor logSum) {}

  @Override
  public Tensor attend(Tensor query, Tensor keys, Tensor values) {
    long tokens = query.size(0);
    long context = keys.size(0) - tokens;
    HeadGroups groups = HeadGroups.of(query, keys);
    if (tokens == 1) {
      return attendOne(query, keys, values, groups);
    }
    Tensor q = groups.query(query);
    Tensor k = groups.keysOrValues(keys);
    Tensor v = groups.keysOrValues(values);
    if (context == 0) {
      return groups.ungroup(flash(q, k, v, true).values());
    }
    Part before = flash(q, k.narrow(2, 0, context), v.narrow(2, 0, context), false);
    Part chunk = flash(q, k.narrow(2, context, tokens), v.narrow(2, context, tokens), true);
    return groups.ungroup(merge(before, chunk));
  }

  private Tensor attendOne(Tensor query, Tensor keys, Tensor values, HeadGroups groups) {
    Tensor rows = query.view(1, groups.kvHeads(), groups.queriesPerKvHead(), groups.headDim());
    Tensor k = keys.permute(1, 0, 2).unsqueeze(0);
    Tensor v = values.permute(1, 0, 2).unsqueeze(0);
    return flash(rows, k, v, false).values().reshape(1, query.size(1), query.size(2));
  }

  private static Tensor merge(Part first, Part second) {
    Tensor logSum = first.logSum().logaddexp(second.logSum());
    Tensor firstShare = first.logSum().sub(logSum).exp_().unsqueeze(3);
    Tensor secondShare = second.logSum().sub(logSum).exp_().unsqueeze(3);
    return first.values().mul_(firstShare).addcmul_(second.values(), secondShare);
  }

  private Part flash(Tensor query, Tensor keys, Tensor values, boolean causal) {
    IValueVector stack = new IValueVector();
    stack.push_back(new IValue(query));
    stack.push_back(new IValue(keys));
    stack.push_back(new IValue(values));
    stack.push_back(new IValue(0.0)); // dropout
    stack.push_back(new IValue(causal));
    stack.push_back(new IValue()); // mask
    stack.push_back(new IValue()); // scale: 1 / sqrt(D)
    Dispatcher.singleton().callBoxed(operator, stack);
    return new Part(stack.get(0).toTensor(), stack.get(1).toTensor());
  }
}
