/* What a function needs to be a native method of io.phalanx.llm.layers.cpu.CpuKernels. Every such
 * method takes numbers only, so no header of a JDK is needed to compile it. */
#ifndef PHX_EXPORT_H
#define PHX_EXPORT_H

#include <stdint.h>

typedef int32_t jint;
typedef int64_t jlong;
typedef float jfloat;

/* The first two parameters: the JNI environment and the class, neither of which is used. */
#define PHX_JNI void *jni_env __attribute__((unused)), void *jni_class __attribute__((unused))

#define PHX_EXPORT(result, name) \
  __attribute__((visibility("default"))) result Java_io_phalanx_llm_layers_cpu_CpuKernels_##name

/* An address that Java holds as a long. */
#define PHX_POINTER(type, address) ((type *)(uintptr_t)(address))

#endif
