package io.phalanx.runtime.device;

import io.phalanx.runtime.serialization.WireMessage;

/**
 * The vector instructions of a node's processor that decide between kernels.
 *
 * @param model the processor's product name, or {@code unknown}
 * @param avx2 256-bit vectors with fused multiply-add
 * @param avx512 512-bit vectors (foundation, BW, DQ and VL)
 * @param bf16 bfloat16 dot products in 512-bit vectors, or on Arm
 * @param amx bfloat16 and int8 tile products
 */
public record CpuCapability(String model, boolean avx2, boolean avx512, boolean bf16, boolean amx)
    implements WireMessage {}
