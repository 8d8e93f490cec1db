package io.phalanx.runtime.device;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Finds what this machine has and lays over it what the node's configuration says.
 *
 * @param gpus how many GPUs the node offers; empty: those that CUDA finds
 * @param cpus how many processors the node offers; empty: those of the machine
 * @param memoryBytes how much memory the node offers; empty: that of the machine
 * @param acceleratorType the GPUs' type; empty: by their product name
 */
public record DeviceProbe(
    Optional<Integer> gpus,
    Optional<Integer> cpus,
    Optional<Long> memoryBytes,
    Optional<String> acceleratorType) {
  private static final String UNNAMED = "GPU";

  /** Returns the inventory; asks CUDA for its devices unless no GPU is wanted. */
  public DeviceInventory find() {
    boolean none = gpus.equals(Optional.of(0));
    return with(none ? List.of() : CudaDevices.found());
  }

  /** Returns the inventory of a node whose GPUs are all logical. */
  public DeviceInventory logical() {
    return with(List.of());
  }

  /** Returns the inventory of a machine with these CUDA devices. */
  DeviceInventory with(List<CudaGpu> found) {
    int count = gpus.orElse(found.size());
    List<DeviceSlot> slots = count <= found.size() ? real(found, count) : logical(count);
    return new DeviceInventory(
        slots,
        count == 0 ? "" : acceleratorType.orElseGet(() -> typeOf(found)),
        cpus.orElseGet(() -> Runtime.getRuntime().availableProcessors()),
        memoryBytes.orElseGet(DeviceProbe::machineMemoryBytes),
        CpuInfo.read());
  }

  /** Returns the memory that this machine, or the container, has. */
  public static long machineMemoryBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  /** Returns the memory of a CUDA device of this machine. */
  public static long cudaMemoryBytes(Device device) {
    return CudaDevices.memoryBytes(device.index());
  }

  private static List<DeviceSlot> real(List<CudaGpu> found, int count) {
    return IntStream.range(0, count).mapToObj(i -> real(i, found.get(i))).toList();
  }

  private static DeviceSlot real(int index, CudaGpu gpu) {
    return new DeviceSlot(index, Device.cuda(index), gpu.name(), false, gpu.uuid());
  }

  private List<DeviceSlot> logical(int count) {
    String name = acceleratorType.orElse(UNNAMED);
    return IntStream.range(0, count)
        .mapToObj(i -> new DeviceSlot(i, Device.CPU, name, true))
        .toList();
  }

  /** {@code NVIDIA H100 80GB HBM3} is of type {@code H100}: the first word with a digit. */
  private static String typeOf(List<CudaGpu> found) {
    return found.stream()
        .flatMap(gpu -> List.of(gpu.name().split("[ -]", -1)).stream())
        .filter(word -> word.matches("[A-Za-z]+[0-9]+[A-Za-z]*"))
        .map(word -> word.toUpperCase(Locale.ROOT))
        .findFirst()
        .orElse(UNNAMED);
  }
}
