#include "int8.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "export.h"
#include "pool.h"

#define HUGE_PAGE (2 * 1024 * 1024)

/* Bytes of weights that a thread reads in a row, and how many tasks each thread should find. Where
 * threads take turns at smaller pieces, each of them asks for the start of the other's. */
#define TASK_BYTES (256 * 1024)
#define TASKS_PER_THREAD 8

static int64_t groups(const phx_int8_matrix *matrix) {
  return (matrix->rows + PHX_GROUP - 1) / PHX_GROUP;
}

PHX_EXPORT(void, freeInt8Matrix)(PHX_JNI, jlong address) {
  phx_int8_matrix *matrix = PHX_POINTER(phx_int8_matrix, address);
  if (matrix != NULL) {
    free(matrix->weights);
    free(matrix->scales);
    free(matrix);
  }
}

/* Large pages where the system has them: a product reads all of it. */
static uint8_t *allocate_weights(size_t bytes) {
  size_t page = bytes < HUGE_PAGE ? 4096 : HUGE_PAGE;
  size_t rounded = (bytes + page - 1) / page * page;
  uint8_t *weights = aligned_alloc(page, rounded);
  if (weights != NULL && page == HUGE_PAGE) {
    madvise(weights, rounded, MADV_HUGEPAGE);
  }
  return weights;
}

/* Returns a new matrix made of another one's elements; 0 if there is no memory. */
PHX_EXPORT(jlong, createInt8Matrix)(PHX_JNI, jlong pool_address, jlong from_address) {
  phx_pool *pool = PHX_POINTER(phx_pool, pool_address);
  const phx_matrix *from = PHX_POINTER(const phx_matrix, from_address);
  phx_int8_matrix *to = calloc(1, sizeof *to);
  if (to == NULL) {
    return 0;
  }
  *to = (phx_int8_matrix){from->rows, from->columns, (from->columns + 3) / 4, from->bias, NULL,
                          NULL};
  to->scales = calloc((size_t)(groups(to) * PHX_GROUP), sizeof(float));
  to->weights = allocate_weights((size_t)(groups(to) * to->quads) * PHX_GROUP * 4);
  if (to->scales == NULL || to->weights == NULL) {
    Java_io_phalanx_llm_layers_cpu_CpuKernels_freeInt8Matrix(NULL, NULL, (jlong)(uintptr_t)to);
    return 0;
  }
  phx_int8_packing packing = {to, from};
  phx_run(pool, (int)groups(to), PHX_PICK(phx_pool_isa(pool), phx_int8_pack), &packing);
  return (jlong)(uintptr_t)to;
}

static int64_t task_groups(const phx_int8_matrix *matrix, int threads) {
  int64_t fitting = TASK_BYTES / (matrix->quads * PHX_GROUP * 4);
  int64_t fair = groups(matrix) / (threads * TASKS_PER_THREAD);
  int64_t wanted = fitting < fair ? fitting : fair;
  return wanted > 1 ? wanted : 1;
}

/* Returns 0, or 1 if there is no memory. */
PHX_EXPORT(jint, multiplyInt8)
(PHX_JNI, jlong pool_address, jlong matrix_address, jlong x, jlong m, jlong y) {
  phx_pool *pool = PHX_POINTER(phx_pool, pool_address);
  const phx_int8_matrix *matrix = PHX_POINTER(const phx_int8_matrix, matrix_address);
  enum phx_isa isa = phx_pool_isa(pool);
  int64_t x_bytes = PHX_PICK(isa, phx_int8_x_bytes)(matrix);
  size_t row_bytes = (size_t)x_bytes + sizeof(float) + sizeof(int32_t);
  char *scratch = phx_scratch(pool, (size_t)m * row_bytes);
  if (scratch == NULL) {
    return 1;
  }
  float *scales = (float *)(scratch + m * x_bytes);
  phx_int8_product product = {.matrix = matrix,
                              .source = PHX_POINTER(const float, x),
                              .m = m,
                              .y = PHX_POINTER(float, y),
                              .x = scratch,
                              .x_bytes = x_bytes,
                              .x_scales = scales,
                              .offsets = (int32_t *)(scales + m),
                              .task_groups = task_groups(matrix, phx_threads(pool))};
  int64_t tasks = (groups(matrix) + product.task_groups - 1) / product.task_groups;
  phx_run(pool, (int)m, PHX_PICK(isa, phx_int8_round), &product);
  phx_run(pool, (int)tasks, PHX_PICK(isa, phx_int8_groups), &product);
  return 0;
}
