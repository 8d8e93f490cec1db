package io.phalanx.llm.layers.cpu;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The vector instructions that compiled kernels use; each set contains the ones before it. */
public enum CpuIsa {
  /** None that the kernels could use. */
  NONE(0),
  /** AVX2, FMA and F16C. */
  AVX2(1),
  /** AVX-512 F, BW, VL and DQ. */
  AVX512(2),
  /** AVX-512 with 8-bit dot products. */
  AVX512VNNI(3),
  /** The same with products of bfloat16 pairs. */
  AVX512BF16(4);

  /**
   * System property with the name of the most that may be used, such as {@code avx2}; what the
   * processor has by default.
   */
  public static final String PROPERTY = "phalanx.cpu-isa";

  private final int number;

  CpuIsa(int number) {
    this.number = number;
  }

  /** Returns the set's number in the library. */
  int number() {
    return number;
  }

  /** Returns the best that this processor has and {@value #PROPERTY} allows. */
  public static CpuIsa best() {
    CpuIsa found = KernelLibrary.isLoaded() ? ofNumber(CpuKernels.bestIsa()) : NONE;
    CpuIsa allowed = allowed();
    return found.compareTo(allowed) < 0 ? found : allowed;
  }

  /** Returns all that this processor has, {@link #NONE} left out. */
  public static List<CpuIsa> available() {
    CpuIsa best = best();
    return Stream.of(values()).filter(isa -> isa != NONE && isa.compareTo(best) <= 0).toList();
  }

  private static CpuIsa ofNumber(int number) {
    return Stream.of(values()).filter(isa -> isa.number == number).findFirst().orElseThrow();
  }

  private static CpuIsa allowed() {
    String name = System.getProperty(PROPERTY);
    return name == null
        ? AVX512BF16
        : Stream.of(values())
            .filter(isa -> isa.name().equalsIgnoreCase(name))
            .findFirst()
            .orElseThrow(() -> unknown(name));
  }

  private static ServingException unknown(String name) {
    String names = Arrays.toString(values()).toLowerCase(Locale.ROOT);
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION,
        "System property " + PROPERTY + " is [" + name + "]; it must be one of " + names + ".");
  }
}
