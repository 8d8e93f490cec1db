package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Rotary position embedding of one step: the first half of each head is rotated against the second.
 * Cosines and sines are computed once for a step and shared by all layers.
 */
final class RotaryEmbedding {
  private final Tensor cosines;
  private final Tensor sines;

  private RotaryEmbedding(Tensor cosines, Tensor sines) {
    this.cosines = cosines;
    this.sines = sines;
  }

  /**
   * Computes the angles of a step.
   *
   * @param positions {@code [T]}, float32, on the rank's device
   * @param inverseFrequencies {@code [D / 2]}, float32, likewise
   * @param type of activations
   */
  static RotaryEmbedding of(Tensor positions, Tensor inverseFrequencies, ScalarType type) {
    Tensor angles = torch.outer(positions, inverseFrequencies).unsqueeze(1);
    return new RotaryEmbedding(angles.cos().to(type), angles.sin().to(type));
  }

  /**
   * Rotates queries or keys.
   *
   * @param heads {@code [T, H, D]}, activation type
   * @return the same shape and type, contiguous
   */
  Tensor apply(Tensor heads) {
    long half = heads.size(2) / 2;
    Tensor first = heads.narrow(2, 0, half);
    Tensor second = heads.narrow(2, half, half);
    Tensor rotatedFirst = first.mul(cosines).sub_(second.mul(sines));
    Tensor rotatedSecond = second.mul(cosines).addcmul_(first, sines);
    return torch.cat(new TensorVector(rotatedFirst, rotatedSecond), 2);
  }
}
