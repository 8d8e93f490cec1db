#include <stdint.h>
#include <sys/mman.h>

#include "export.h"

#define PAGE 4096

PHX_EXPORT(void, releasePages)(PHX_JNI, jlong address, jlong bytes) {
  jlong first = (address + PAGE - 1) / PAGE * PAGE;
  jlong end = (address + bytes) / PAGE * PAGE;
  if (end > first) {
    madvise(PHX_POINTER(void, first), (size_t)(end - first), MADV_DONTNEED);
  }
}
