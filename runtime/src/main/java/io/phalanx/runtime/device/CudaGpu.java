package io.phalanx.runtime.device;

/**
 * A CUDA device as its driver describes it.
 *
 * @param name the product name, such as {@code NVIDIA L4}
 * @param uuid what tells it from all other devices, such as {@code
 *     GPU-6f1c2d3e-0a1b-4c5d-8e9f-001122334455}
 */
record CudaGpu(String name, String uuid) {
  /** The length of a UUID. */
  static final int UUID_BYTES = 16;

  /** Returns a UUID as CUDA's tools write it, from its 16 bytes. */
  static String uuidText(byte[] bytes) {
    if (bytes.length != UUID_BYTES) {
      throw new IllegalArgumentException(
          "a UUID has " + UUID_BYTES + " bytes, not [" + bytes.length + "]");
    }
    StringBuilder text = new StringBuilder("GPU-");
    for (int i = 0; i < UUID_BYTES; i++) {
      boolean group = i == 4 || i == 6 || i == 8 || i == 10;
      text.append(group ? "-" : "").append("%02x".formatted(bytes[i]));
    }
    return text.toString();
  }
}
