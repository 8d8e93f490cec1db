package io.phalanx.runtime.device;

/**
 * Where a rank computes: a kind and, for CUDA, an index on the node.
 *
 * @param kind CPU or CUDA
 * @param index CUDA ordinal; 0 for the CPU
 */
public record Device(Kind kind, int index) {

  /** The kind of a device. */
  public enum Kind {
    CPU,
    CUDA
  }

  /** The node's processor. */
  public static final Device CPU = new Device(Kind.CPU, 0);

  /** Validates the index. */
  public Device {
    if (index < 0) {
      throw new IllegalArgumentException("device index [" + index + "] must not be negative");
    }
  }

  /** Returns the CUDA device with this ordinal. */
  public static Device cuda(int index) {
    return new Device(Kind.CUDA, index);
  }

  /** Returns whether this is a CUDA device. */
  public boolean isCuda() {
    return kind == Kind.CUDA;
  }

  @Override
  public String toString() {
    return isCuda() ? "cuda:" + index : "cpu";
  }
}
