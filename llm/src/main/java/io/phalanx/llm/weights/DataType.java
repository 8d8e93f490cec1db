package io.phalanx.llm.weights;

import org.jspecify.annotations.Nullable;

/** The element types that a safetensors file may hold; only three of them are served as weights. */
enum DataType {
  F64(8),
  F32(4),
  F16(2),
  BF16(2),
  I64(8),
  I32(4),
  I16(2),
  I8(1),
  U64(8),
  U32(4),
  U16(2),
  U8(1),
  BOOL(1),
  F8_E4M3(1),
  F8_E5M2(1);

  private final int bytes;

  DataType(int bytes) {
    this.bytes = bytes;
  }

  /** Returns the bytes of one element. */
  int bytes() {
    return bytes;
  }

  /** Finds a type by its name in the file. */
  static @Nullable DataType find(String name) {
    for (DataType type : values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    return null;
  }
}
