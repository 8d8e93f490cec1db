package io.phalanx.llm.layers.cpu;

import org.bytedeco.pytorch.global.torch.ScalarType;

/** The element types that weights are read in as they are. */
public enum WeightType {
  /** IEEE single precision. */
  F32(0),
  /** IEEE half precision. */
  F16(1),
  /** The upper half of {@link #F32}. */
  BF16(2);

  private final int number;

  WeightType(int number) {
    this.number = number;
  }

  /** Returns the type of a tensor's elements. */
  public static WeightType of(ScalarType type) {
    return switch (type) {
      case Float -> F32;
      case Half -> F16;
      case BFloat16 -> BF16;
      default -> throw new IllegalArgumentException("weights of type " + type);
    };
  }

  /** Returns the type's number in the library. */
  public int number() {
    return number;
  }
}
