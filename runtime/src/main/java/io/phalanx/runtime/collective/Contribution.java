package io.phalanx.runtime.collective;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * What one rank brings to an operation in memory: a copy of a small float32 tensor, or a handle of
 * its tensor that no scope of the rank's frees.
 */
final class Contribution {
  private static final float[] NONE = {};

  private final String operation;
  private final long elements;
  private final ScalarType type;
  private final float[] values;
  private final @Nullable Tensor tensor;

  private Contribution(
      String operation, long elements, ScalarType type, float[] values, @Nullable Tensor tensor) {
    this.operation = operation;
    this.elements = elements;
    this.type = type;
    this.values = values;
    this.tensor = tensor;
  }

  /** Brings the first {@code elements} of {@code values}. */
  static Contribution copied(String operation, long elements, float[] values) {
    return new Contribution(operation, elements, ScalarType.Float, values, null);
  }

  /** Brings a tensor where it is. */
  static Contribution shared(String operation, Tensor tensor) {
    Tensor own = new Tensor(tensor);
    own.retainReference();
    return new Contribution(operation, tensor.numel(), tensor.scalar_type().intern(), NONE, own);
  }

  /** Returns the copy. */
  float[] values() {
    return values;
  }

  /** Returns the handle. */
  Tensor tensor() {
    if (tensor == null) {
      throw new IllegalStateException(this + " is a copy");
    }
    return tensor;
  }

  /** Returns whether the other is of the same operation, type and number of elements. */
  boolean isLike(Contribution other) {
    return operation.equals(other.operation) && elements == other.elements && type == other.type;
  }

  void release() {
    if (tensor != null) {
      tensor.releaseReference();
    }
  }

  @Override
  public String toString() {
    return elements + " of " + type + " in " + operation;
  }
}
