package io.phalanx.runtime.device;

import io.phalanx.runtime.serialization.WireMessage;

/**
 * One GPU that a node offers to bundles, real or logical.
 *
 * @param index position among the node's GPUs, from 0
 * @param device where a rank in this slot computes: a CUDA device, or the CPU if logical
 * @param name the device's product name, such as {@code NVIDIA L4}, or the accelerator type of a
 *     logical GPU
 * @param logical whether the node only counts this GPU, and its ranks compute on the CPU
 * @param uuid what CUDA calls the device on whatever machine, such as {@code GPU-6f1c...}; "" if
 *     logical
 */
public record DeviceSlot(int index, Device device, String name, boolean logical, String uuid)
    implements WireMessage {

  /** Checks that exactly the logical GPUs compute on the CPU. */
  public DeviceSlot {
    if (index < 0 || logical == device.isCuda()) {
      throw new IllegalArgumentException(
          "slot [" + index + "] on [" + device + "] cannot be logical = " + logical);
    }
  }

  /** Creates a slot of which no UUID is known. */
  public DeviceSlot(int index, Device device, String name, boolean logical) {
    this(index, device, name, logical, "");
  }

  /** Returns what a status shows: {@code cuda:0 (NVIDIA L4)} or {@code cpu (logical L4)}. */
  public String describe() {
    return logical ? device + " (logical " + name + ")" : device + " (" + name + ")";
  }
}
