package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** What all kinds of process groups check and need. */
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

  /** Returns whether the tensor holds float32 values in the JVM's own reach. */
  static boolean isFloatOnCpu(Tensor tensor) {
    return tensor.scalar_type().intern() == ScalarType.Float && !tensor.is_cuda();
  }

  /** Returns the error of a rank that could not join; {@code detail} says what it knows. */
  static ServingException notMet(
      GroupSpec spec, int rank, String detail, @Nullable Exception cause) {
    return new ServingException(
        ErrorCode.REPLICA_FAILED,
        String.format(
            "process group [%s], rank %d: not all %d ranks met within %d ms: %s",
            spec.name(), rank, spec.size(), spec.timeout().toMillis(), detail),
        cause);
  }

  /** Names resources that are used by being open. */
  static void keep(Object... resources) {
    assert resources.length > 0;
  }
}
