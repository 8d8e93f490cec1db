package io.phalanx.runtime.collective;

import org.bytedeco.pytorch.Tensor;

/** What both kinds of process groups check and need. */
final class Ranks {

  private Ranks() {}

  /** Refuses tensors of different types or numbers of elements. */
  static void requireSame(Tensor one, Tensor other) {
    if (one.numel() != other.numel() || one.scalar_type().value != other.scalar_type().value) {
      throw new IllegalArgumentException(
          "ranks came with different tensors: "
              + one.numel()
              + " of "
              + one.scalar_type().intern()
              + " and "
              + other.numel()
              + " of "
              + other.scalar_type().intern());
    }
  }

  /** Names resources that are used by being open. */
  static void keep(Object... resources) {
    assert resources.length > 0;
  }
}
