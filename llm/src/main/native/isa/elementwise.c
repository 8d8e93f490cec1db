#ifndef __AVX512VNNI__ /* the same as without */

#include "rows.h"

struct norm_call {
  const struct phx_norm *norm;
  float *input;
  const float *residual;
  float *output;
};

static void add_row(float *a, const float *b, long size) {
  for (long i = 0; i < size; i += WIDTH) {
    int n = (int)(size - i < WIDTH ? size - i : WIDTH);
    lanes_store_n(a + i, lanes_add(lanes_load_n(a + i, n), lanes_load_n(b + i, n)), n);
  }
}

static void norm_row(const void *arg, long row) {
  const struct norm_call *call = arg;
  long size = call->norm->size;
  if (call->residual != NULL) {
    add_row(call->input + row * size, call->residual + row * size, size);
  }
  normalize(call->norm, call->input + row * size, call->output + row * size);
}

void PHX_VARIANT(phx_rms_norm)(phx_pool *pool, const struct phx_norm *norm, long rows, float *input,
                               const float *residual, float *output) {
  struct norm_call call = {norm, input, residual, output};
  for_rows(pool, rows, norm->size, norm_row, &call);
}

struct silu_call {
  long size;
  const float *gate_and_up;
  float *output;
};

static void silu_row(const void *arg, long row) {
  const struct silu_call *call = arg;
  const float *gates = call->gate_and_up + row * 2 * call->size;
  float *output = call->output + row * call->size;
  const lanes one = lanes_set(1.0f);
  for (long i = 0; i < call->size; i += WIDTH) {
    int n = (int)(call->size - i < WIDTH ? call->size - i : WIDTH);
    lanes gate = lanes_load_n(gates + i, n);
    lanes up = lanes_load_n(gates + call->size + i, n);
    lanes silu = lanes_div(gate, lanes_add(one, lanes_exp(lanes_sub(lanes_zero(), gate))));
    lanes_store_n(output + i, lanes_mul(silu, up), n);
  }
}

void PHX_VARIANT(phx_silu_and_mul)(phx_pool *pool, long rows, long size, const float *gate_and_up,
                                   float *output) {
  struct silu_call call = {size, gate_and_up, output};
  for_rows(pool, rows, 4 * size, silu_row, &call);
}

#define ADD_PART 4096

struct add_call {
  long count;
  float *a;
  const float *b;
};

static void add_part(const void *arg, long part) {
  const struct add_call *call = arg;
  long first = part * ADD_PART;
  long size = call->count - first < ADD_PART ? call->count - first : ADD_PART;
  add_row(call->a + first, call->b + first, size);
}

void PHX_VARIANT(phx_add)(phx_pool *pool, long count, float *a, const float *b) {
  struct add_call call = {count, a, b};
  for_rows(pool, (count + ADD_PART - 1) / ADD_PART, ADD_PART, add_part, &call);
}

struct look_up_call {
  const struct phx_table *table;
  const int32_t *numbers;
  float *output;
};

INLINE void copy_row(enum phx_storage type, const void *rows, long first, long size, float *output) {
  long i = 0;
  for (; i + WIDTH <= size; i += WIDTH) {
    lanes_store(output + i, lanes_load_as(type, rows, first + i));
  }
  for (; i < size; i++) {
    output[i] = phx_load_as(type, rows, first + i);
  }
}

static void look_up_row(const void *arg, long row) {
  const struct look_up_call *call = arg;
  const struct phx_table *table = call->table;
  long number = call->numbers[row] - table->first;
  float *output = call->output + row * table->size;
  if (number < 0 || number >= table->count) {
    __builtin_memset(output, 0, (size_t)table->size * sizeof *output);
  } else if (table->type == PHX_FLOAT16) {
    copy_row(PHX_FLOAT16, table->rows, number * table->size, table->size, output);
  } else if (table->type == PHX_BFLOAT16) {
    copy_row(PHX_BFLOAT16, table->rows, number * table->size, table->size, output);
  } else {
    copy_row(PHX_FLOAT32, table->rows, number * table->size, table->size, output);
  }
}

void PHX_VARIANT(phx_look_up)(phx_pool *pool, const struct phx_table *table, const int32_t *numbers,
                              long count, float *output) {
  struct look_up_call call = {table, numbers, output};
  for_rows(pool, count, table->size, look_up_row, &call);
}

struct argmax_call {
  long size;
  const float *values;
  int32_t *numbers;
};

static void argmax_row(const void *arg, long row) {
  const struct argmax_call *call = arg;
  const float *values = call->values + row * call->size;
  const lanes nothing = lanes_set(-INFINITY);
  lanes greatest = nothing;
  for (long i = 0; i < call->size; i += WIDTH) {
    int n = (int)(call->size - i < WIDTH ? call->size - i : WIDTH);
    greatest = lanes_max(greatest, lanes_choose(lanes_first(n), lanes_load_n(values + i, n), nothing));
  }
  float most = lanes_greatest(greatest);
  long number = 0;
  while (number < call->size - 1 && values[number] < most) {
    number++;
  }
  call->numbers[row] = (int32_t)number;
}

void PHX_VARIANT(phx_argmax)(phx_pool *pool, long rows, long size, const float *values,
                             int32_t *numbers) {
  struct argmax_call call = {size, values, numbers};
  for_rows(pool, rows, size, argmax_row, &call);
}

struct angles_call {
  const int32_t *positions;
  int size;
  const float *frequencies;
  float *cosines, *sines;
};

static void angles_row(const void *arg, long row) {
  const struct angles_call *call = arg;
  for (int i = 0; i < call->size; i++) {
    float angle = (float)call->positions[row] * call->frequencies[i];
    call->cosines[row * call->size + i] = cosf(angle);
    call->sines[row * call->size + i] = sinf(angle);
  }
}

void PHX_VARIANT(phx_angles)(phx_pool *pool, long count, const int32_t *positions, int size,
                             const float *frequencies, float *cosines, float *sines) {
  struct angles_call call = {positions, size, frequencies, cosines, sines};
  for_rows(pool, count, 32L * size, angles_row, &call);
}

#endif
