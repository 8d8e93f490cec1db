package io.phalanx.llm.layers;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * FBGEMM's product of float32 rows with a matrix packed in float16: half the memory traffic of
 * float32 and no rounding of activations. CPU only.
 *
 * <p>A matrix that float16 cannot hold (beyond 65,504, or float32 numbers of more bits) is left to
 * {@code exact}, so that the choice never shows in the numbers.
 */
final class PackedHalfLinearMethod implements LinearMethod {
  /** Half the distance of float16's smallest numbers, 2^-24: what rounding a subnormal may lose. */
  private static final double MAX_ROUNDING = 0x1p-25;

  private final LinearMethod exact;
  private final OperatorHandle pack;
  private final OperatorHandle multiply;

  /**
   * Creates the method.
   *
   * @param exact for matrices that float16 cannot hold
   * @param owner keeps the operators' handles
   */
  PackedHalfLinearMethod(LinearMethod exact, NativeOwner owner) {
    this.exact = exact;
    this.pack = owner.keep(operator("quantized::linear_prepack_fp16"));
    this.multiply = owner.keep(operator("quantized::linear_dynamic_fp16"));
  }

  private static OperatorHandle operator(String name) {
    return Dispatcher.singleton().findSchemaOrThrow(name, "");
  }

  @Override
  public Linear prepare(List<Tensor> parts, @Nullable Tensor bias, NativeOwner owner) {
    try (PointerScope scope = new PointerScope()) {
      Tensor weight = LinearMethod.joined(parts);
      Tensor matrix = weight.to(ScalarType.Float).contiguous();
      if (!fitsHalf(weight, matrix)) {
        return exact.prepare(parts, bias, owner);
      }
      IValue offsets = bias == null ? new IValue() : new IValue(bias.to(ScalarType.Float));
      IValue packed = owner.keep(call(pack, new IValue(matrix), offsets));
      return input -> multiply(input, packed);
    }
  }

  /** Whether rounding to float16 loses nothing but what lies below its smallest numbers. */
  private static boolean fitsHalf(Tensor weight, Tensor matrix) {
    if (weight.scalar_type().intern() == ScalarType.Half || matrix.numel() == 0) {
      return true;
    }
    Tensor rounded = matrix.to(ScalarType.Half).to(ScalarType.Float);
    return rounded.sub_(matrix).abs_().max().item_float() <= MAX_ROUNDING;
  }

  private Tensor multiply(Tensor input, IValue packed) {
    return call(multiply, new IValue(input), packed).toTensor();
  }

  private static IValue call(OperatorHandle operator, IValue first, IValue second) {
    IValueVector stack = new IValueVector();
    stack.push_back(first);
    stack.push_back(second);
    Dispatcher.singleton().callBoxed(operator, stack);
    return new IValue(stack.get(0));
  }
}
