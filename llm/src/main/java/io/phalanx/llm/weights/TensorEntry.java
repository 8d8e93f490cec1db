package io.phalanx.llm.weights;

import java.util.List;

/**
 * Where one tensor lies in a safetensors file.
 *
 * @param type of its elements
 * @param shape sizes of its dimensions, row-major
 * @param begin first byte, counted from the end of the header
 * @param end byte after the last, counted likewise
 */
record TensorEntry(DataType type, List<Long> shape, long begin, long end) {

  /** Copies the shape. */
  TensorEntry {
    shape = List.copyOf(shape);
  }

  /** Returns the shape as LibTorch takes it. */
  long[] dimensions() {
    return shape.stream().mapToLong(Long::longValue).toArray();
  }
}
