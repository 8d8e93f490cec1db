package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The gated activation {@code silu(gate) * up}. */
public final class SiluAndMul {
  private SiluAndMul() {}

  /**
   * Applies the gate.
   *
   * @param gateAndUp {@code [T, 2 n]}: gate, then up
   * @return {@code [T, n]}, same type, contiguous
   */
  public static Tensor forward(Tensor gateAndUp) {
    long size = gateAndUp.size(1) / 2;
    return torch.silu(gateAndUp.narrow(1, 0, size)).mul_(gateAndUp.narrow(1, size, size));
  }
}
