package io.phalanx.llm.layers.cpu;

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

  /** Returns the type's number in the library. */
  public int number() {
    return number;
  }
}
