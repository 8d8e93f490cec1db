package io.phalanx.llm.layers;

import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** LibTorch's own operators; run on every device. */
final class TorchElementwise implements ElementwiseMethod {
  private final ScalarType type;

  /**
   * Creates the method.
   *
   * @param type of activations
   */
  TorchElementwise(ScalarType type) {
    this.type = type;
  }

  @Override
  public Tensor rmsNorm(Tensor input, RmsNorm norm) {
    long[] shape = {norm.weight().numel()};
    TensorOptional weight = new TensorOptional(norm.weight());
    return torch.rms_norm(input, shape, weight, new DoubleOptional(norm.epsilon()));
  }

  @Override
  public Tensor addAndNorm(Tensor input, Tensor residual, RmsNorm norm) {
    return rmsNorm(input.add_(residual), norm);
  }

  @Override
  public Tensor add(Tensor sum, Tensor summand) {
    return sum.add_(summand);
  }

  @Override
  public Tensor siluAndMul(Tensor gateAndUp) {
    long size = gateAndUp.size(1) / 2;
    return torch.silu(gateAndUp.narrow(1, 0, size)).mul_(gateAndUp.narrow(1, size, size));
  }

  @Override
  public Tensor embed(Tensor table, long firstRow, ModelStep step) {
    Tensor local = TorchStep.of(step).tokenIds().sub(new Scalar(firstRow));
    Tensor elsewhere = local.lt(new Scalar(0)).logical_or_(local.ge(new Scalar(table.size(0))));
    local.masked_fill_(elsewhere, new Scalar(0));
    Tensor found = table.index_select(0, local).to(type);
    return found.masked_fill_(elsewhere.unsqueeze(1), new Scalar(0));
  }

  @Override
  public int[] argmax(Tensor logits) {
    Tensor likeliest = logits.argmax(new LongOptional(1), false).cpu();
    int[] tokens = new int[(int) likeliest.numel()];
    LongPointer values = likeliest.data_ptr_long();
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = (int) values.get(i);
    }
    return tokens;
  }
}
