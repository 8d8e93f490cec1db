package io.phalanx.runtime.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a node offers, from what was found and what is configured. */
final class DeviceProbeTest {
  private static final List<CudaGpu> TWO_H100 =
      List.of(
          new CudaGpu("NVIDIA H100 80GB HBM3", "GPU-1"),
          new CudaGpu("NVIDIA H100 80GB HBM3", "GPU-2"));

  @Test
  void auto_withCuda_offersAllDevicesByTheirType() {
    DeviceInventory inventory = probe(null, null).with(TWO_H100);

    assertThat(inventory.slots())
        .extracting(DeviceSlot::describe)
        .containsExactly("cuda:0 (NVIDIA H100 80GB HBM3)", "cuda:1 (NVIDIA H100 80GB HBM3)");
    assertThat(inventory.slots()).extracting(DeviceSlot::uuid).containsExactly("GPU-1", "GPU-2");
    assertThat(inventory.acceleratorType()).isEqualTo("H100");
  }

  @Test
  void auto_withoutCuda_offersNone() {
    DeviceInventory inventory = probe(null, null).with(List.of());

    assertThat(inventory.slots()).isEmpty();
    assertThat(inventory.acceleratorType()).isEmpty();
    assertThat(inventory.cpus()).isEqualTo(Runtime.getRuntime().availableProcessors());
    assertThat(inventory.memoryBytes()).isPositive();
  }

  @Test
  void fewerThanFound_areReal() {
    DeviceInventory inventory = probe(1, null).with(TWO_H100);

    assertThat(inventory.slots()).extracting(DeviceSlot::logical).containsExactly(false);
  }

  @Test
  void moreThanFound_areLogicalOnTheCpu() {
    DeviceInventory inventory = probe(2, "L4").with(List.of());

    assertThat(inventory.slots())
        .extracting(DeviceSlot::describe)
        .containsExactly("cpu (logical L4)", "cpu (logical L4)");
    assertThat(inventory.slots()).extracting(DeviceSlot::device).containsOnly(Device.CPU);
    assertThat(inventory.acceleratorType()).isEqualTo("L4");
  }

  @Test
  void type_isTakenFromTheProductName() {
    assertThat(probe(null, null).with(named("NVIDIA L4")).acceleratorType()).isEqualTo("L4");
    assertThat(probe(null, null).with(named("NVIDIA A100-SXM4-40GB")).acceleratorType())
        .isEqualTo("A100");
    assertThat(probe(null, null).with(named("Tesla T4")).acceleratorType()).isEqualTo("T4");
    assertThat(probe(null, null).with(named("Other")).acceleratorType()).isEqualTo("GPU");
  }

  @Test
  void find_onAMachineWithoutCudaLibraries_findsNoDevice() {
    assertThat(probe(null, null).find().slots()).isEmpty();
  }

  @Test
  void cpuInfo_ofKnownProcessors_isParsed() {
    CpuCapability zen3 =
        CpuInfo.parse(List.of("model name\t: AMD EPYC 7763", "flags\t\t: fpu avx avx2 fma bmi2"));
    CpuCapability sapphireRapids =
        CpuInfo.parse(
            List.of(
                "model name : Xeon",
                "flags : avx2 fma avx512f avx512bw avx512dq avx512vl avx512_bf16 amx_bf16 amx_tile"
                    + " amx_int8"));

    assertThat(zen3).isEqualTo(new CpuCapability("AMD EPYC 7763", true, false, false, false));
    assertThat(sapphireRapids).isEqualTo(new CpuCapability("Xeon", true, true, true, true));
    assertThat(CpuInfo.parse(List.of("Features : fp asimd bf16")).bf16()).isTrue();
    assertThat(CpuInfo.parse(List.of()).model()).isEqualTo("unknown");
  }

  @Test
  void uuid_isWrittenAsCudasToolsDo() {
    byte[] bytes = new byte[16];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 17);
    }

    assertThat(CudaGpu.uuidText(bytes)).isEqualTo("GPU-00112233-4455-6677-8899-aabbccddeeff");
  }

  private static List<CudaGpu> named(String name) {
    return List.of(new CudaGpu(name, "GPU-1"));
  }

  private static DeviceProbe probe(@Nullable Integer gpus, @Nullable String type) {
    return new DeviceProbe(
        Optional.ofNullable(gpus), Optional.empty(), Optional.empty(), Optional.ofNullable(type));
  }
}
