package io.phalanx.llm.engine;

import java.util.Arrays;

/** A growable list of ints: token ids or block numbers. */
final class IntList {
  private int[] values;
  private int size;

  IntList(int[] initial) {
    values = initial.clone();
    size = initial.length;
  }

  int size() {
    return size;
  }

  int get(int index) {
    return values[checkIndex(index)];
  }

  void add(int value) {
    if (size == values.length) {
      values = Arrays.copyOf(values, Math.max(8, 2 * size));
    }
    values[size++] = value;
  }

  int removeLast() {
    int last = get(size - 1);
    size--;
    return last;
  }

  void clear() {
    size = 0;
  }

  /** Copies {@code length} values from {@code from} on into {@code target} at {@code offset}. */
  void copyTo(int[] target, int offset, int from, int length) {
    checkIndex(from + length - 1);
    System.arraycopy(values, from, target, offset, length);
  }

  int[] toArray() {
    return Arrays.copyOf(values, size);
  }

  private int checkIndex(int index) {
    if (index < 0 || index >= size) {
      throw new IndexOutOfBoundsException("index " + index + " of " + size);
    }
    return index;
  }
}
