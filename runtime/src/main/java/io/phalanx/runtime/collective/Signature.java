package io.phalanx.runtime.collective;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * What kind of tensor a rank brings to which operation, in one number, by which ranks see that they
 * mean the same.
 */
final class Signature {
  static final int ALL_REDUCE = 0;
  static final int GATHER = 1;
  static final int SEND = 2;

  private static final List<String> OPERATIONS = List.of("all-reduce", "gather", "send");
  private static final int OPERATION_SHIFT = 56;
  private static final int TYPE_SHIFT = 48;
  private static final int TYPE_MASK = 0xff;
  private static final long ELEMENTS_MASK = (1L << TYPE_SHIFT) - 1;

  private Signature() {}

  static long of(int operation, Tensor tensor) {
    long type = tensor.scalar_type().value & TYPE_MASK;
    return (long) operation << OPERATION_SHIFT | type << TYPE_SHIFT | tensor.numel();
  }

  /** Returns how long the tensor's elements are together. */
  static long bytes(Tensor tensor) {
    return tensor.numel() * tensor.element_size();
  }

  /** Returns the signature in words. */
  static String text(long signature) {
    return (signature & ELEMENTS_MASK)
        + " of "
        + typeName((int) (signature >> TYPE_SHIFT) & TYPE_MASK)
        + " in "
        + OPERATIONS.get((int) (signature >> OPERATION_SHIFT) % OPERATIONS.size());
  }

  private static String typeName(int value) {
    return Arrays.stream(ScalarType.values())
        .filter(type -> type.value == value)
        .map(ScalarType::name)
        .findFirst()
        .orElse("type " + value);
  }
}
