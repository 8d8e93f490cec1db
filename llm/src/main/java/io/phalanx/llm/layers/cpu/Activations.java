package io.phalanx.llm.layers.cpu;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Memory for a rank's activations, which is taken from the operating system once and then used
 * again: pages that are new at every layer of a long prompt cost a sixth of its time. A piece is
 * free as soon as no tensor refers to it. Belongs to the rank's thread.
 */
final class Activations implements AutoCloseable {
  /** Below this the C library reuses memory well enough; float32 elements. */
  private static final long SMALL = 1 << 16;

  private final List<Tensor> pieces = new ArrayList<>();

  /**
   * Returns memory for {@code [rows, columns]} float32, holding anything; of the caller's scope.
   */
  Tensor empty(long rows, long columns) {
    long count = rows * columns;
    if (count < SMALL) {
      return allocate(rows, columns);
    }
    Tensor piece = smallest(count).orElseGet(() -> grow(count));
    return piece.as_strided(new long[] {rows, columns}, columns, 1);
  }

  /** Returns how many float32 all pieces together hold. */
  long capacity() {
    return pieces.stream().mapToLong(Tensor::numel).sum();
  }

  private Optional<Tensor> smallest(long count) {
    return pieces.stream()
        .filter(piece -> piece.numel() >= count && isFree(piece))
        .min(Comparator.comparingLong(Tensor::numel));
  }

  /** Takes new memory in place of the largest free piece, which is too small. */
  private Tensor grow(long count) {
    pieces.stream()
        .filter(Activations::isFree)
        .max(Comparator.comparingLong(Tensor::numel))
        .ifPresent(this::release);
    try (PointerScope scope = new PointerScope()) {
      Tensor piece = allocate(1, count).retainReference();
      pieces.add(piece);
      return piece;
    }
  }

  private static Tensor allocate(long rows, long columns) {
    try (TensorOptions options = new TensorOptions(ScalarType.Float)) {
      return torch.empty(new long[] {rows, columns}, options, null);
    }
  }

  /** Tensors that are handed out share a piece's storage. */
  private static boolean isFree(Tensor piece) {
    return piece.storage().use_count() == 1;
  }

  private void release(Tensor piece) {
    pieces.remove(piece);
    piece.releaseReference();
  }

  @Override
  public void close() {
    pieces.forEach(Tensor::releaseReference);
    pieces.clear();
  }
}
