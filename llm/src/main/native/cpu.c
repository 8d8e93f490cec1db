#include "cpu.h"

#include "export.h"

enum phx_isa phx_best_isa(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c")) {
    return PHX_NONE;
  }
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq")) {
    return PHX_AVX2;
  }
  if (!__builtin_cpu_supports("avx512vnni")) {
    return PHX_AVX512;
  }
  return __builtin_cpu_supports("avx512bf16") ? PHX_AVX512BF16 : PHX_AVX512VNNI;
}

PHX_EXPORT(jint, bestIsa)(PHX_JNI) { return phx_best_isa(); }
