package io.phalanx.runtime.device;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads what the processor can do from Linux's description of it. */
final class CpuInfo {
  private static final Path LINUX = Path.of("/proc/cpuinfo");
  private static final String UNKNOWN = "unknown";

  private CpuInfo() {}

  /** Returns this machine's; without any vector instructions where Linux does not tell. */
  static CpuCapability read() {
    try {
      return Files.isReadable(LINUX) ? parse(Files.readAllLines(LINUX)) : parse(List.of());
    } catch (IOException e) {
      return parse(List.of());
    }
  }

  /** Parses the lines {@code key : value} of the first processor. */
  static CpuCapability parse(List<String> lines) {
    Set<String> x86 = words(value(lines, "flags"));
    Set<String> arm = words(value(lines, "Features"));
    return new CpuCapability(
        value(lines, "model name"),
        x86.contains("avx2") && x86.contains("fma"),
        x86.containsAll(Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl")),
        x86.contains("avx512_bf16") || arm.contains("bf16"),
        x86.containsAll(Set.of("amx_tile", "amx_bf16", "amx_int8")));
  }

  private static String value(List<String> lines, String key) {
    for (String line : lines) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(key)) {
        return line.substring(colon + 1).strip();
      }
    }
    return UNKNOWN;
  }

  private static Set<String> words(String text) {
    return new HashSet<>(List.of(text.split(" ", -1)));
  }
}
