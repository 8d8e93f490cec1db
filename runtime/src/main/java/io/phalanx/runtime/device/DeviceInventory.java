package io.phalanx.runtime.device;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;

/**
 * What one node has: its GPUs, processors and memory.
 *
 * @param slots the GPUs, real or logical, in the node's own order; may be empty
 * @param acceleratorType the type that bundles ask for, such as {@code L4}; empty without GPUs
 * @param cpus processors offered to bundles
 * @param memoryBytes memory offered to bundles
 * @param cpu what the processor can do
 */
public record DeviceInventory(
    List<DeviceSlot> slots, String acceleratorType, int cpus, long memoryBytes, CpuCapability cpu)
    implements WireMessage {

  /** Checks the order of the slots and the amounts. */
  public DeviceInventory {
    slots = List.copyOf(slots);
    for (int i = 0; i < slots.size(); i++) {
      if (slots.get(i).index() != i) {
        throw new IllegalArgumentException("slot [" + slots.get(i) + "] is not at index " + i);
      }
    }
    if (cpus < 0 || memoryBytes < 0) {
      throw new IllegalArgumentException(
          "cpus [" + cpus + "] and memoryBytes [" + memoryBytes + "] must not be negative");
    }
  }
}
