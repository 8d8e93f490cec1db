#ifndef __AVX512VNNI__ /* the same as without */

#include "elementwise.h"

#include <math.h>

#include "lanes.h"

#define SMALL 32768 /* elements that one thread handles sooner than it would share them */

/* A range of rows for each task. */
struct rows {
  void (*fn)(const void *arg, long row);
  const void *arg;
  long rows, rows_per_task;
};

static void run_rows(void *arg, int task) {
  const struct rows *rows = arg;
  long first = task * rows->rows_per_task;
  long end = first + rows->rows_per_task < rows->rows ? first + rows->rows_per_task : rows->rows;
  for (long row = first; row < end; row++) {
    rows->fn(rows->arg, row);
  }
}

/* Calls fn for each row; `size` is the work of a row in elements. */
static void for_rows(phx_pool *pool, long rows, long size, void (*fn)(const void *, long),
                     const void *arg) {
  long rows_per_task = (SMALL / 2 + size - 1) / size;
  struct rows all = {fn, arg, rows, rows * size <= SMALL ? rows : rows_per_task};
  if (rows > 0) {
    phx_run(pool, (int)((rows + all.rows_per_task - 1) / all.rows_per_task), run_rows, &all);
  }
}

static float inverse_root_mean_square(const float *row, int size, float epsilon) {
  lanes squares = lanes_zero();
  for (int i = 0; i < size; i += WIDTH) {
    lanes x = lanes_load_n(row + i, size - i);
    squares = lanes_fma(x, x, squares);
  }
  return 1.0f / sqrtf(lanes_sum(squares) / (float)size + epsilon);
}

static void normalize(const struct phx_norm *norm, const float *row, float *output) {
  lanes factor = lanes_set(inverse_root_mean_square(row, norm->size, norm->epsilon));
  for (int i = 0; i < norm->size; i += WIDTH) {
    int n = norm->size - i;
    lanes scaled = lanes_mul(lanes_load_n(row + i, n), factor);
    lanes_store_n(output + i, lanes_mul(scaled, lanes_load_n(norm->weight + i, n)), n);
  }
}

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

/* Rotates the first half of a head against the second. */
static void rotate(float *head, int half, const float *cosines, const float *sines) {
  for (int i = 0; i < half; i += WIDTH) {
    int n = half - i;
    lanes first = lanes_load_n(head + i, n);
    lanes second = lanes_load_n(head + half + i, n);
    lanes cosine = lanes_load_n(cosines + i, n);
    lanes sine = lanes_load_n(sines + i, n);
    lanes turned = lanes_sub(lanes_mul(first, cosine), lanes_mul(second, sine));
    lanes_store_n(head + half + i, lanes_fma(first, sine, lanes_mul(second, cosine)), n);
    lanes_store_n(head + i, turned, n);
  }
}

/* By what a token's numbers are divided to become whole ones, and by what they then are multiplied. */
static float whole_factor(const float *numbers, int size, float *inverse) {
  const lanes sign = lanes_set(-0.0f);
  lanes greatest = lanes_zero();
  for (int i = 0; i < size; i += WIDTH) {
    lanes x = lanes_load_n(numbers + i, size - i);
    greatest = lanes_max(greatest, lanes_max(x, lanes_sub(sign, x)));
  }
  float most = lanes_greatest(greatest);
  *inverse = most > 0.0f ? 32767.0f / most : 0.0f;
  return most / 32767.0f;
}

/* Where one token's key or value goes: number d at place + d * stride of the tile. */
struct place {
  char *tile;
  long place, stride;
  float *factor;
};

INLINE void write_numbers(enum phx_storage type, struct place to, const float *numbers, int size) {
  float inverse = 1.0f;
  if (type == PHX_INT16) {
    *to.factor = whole_factor(numbers, size, &inverse);
  }
  for (int d = 0; d < size; d++) {
    phx_store_as(type, to.tile, to.place + d * to.stride, numbers[d] * inverse);
  }
}

INLINE void write_token(enum phx_storage type, const struct phx_kv *kv, int slot, int head,
                        const float *key, const float *value) {
  int position = slot % kv->block_size;
  int token = position % TILE;
  int padded = phx_padded(kv->head_dim);
  long offset = phx_tile_offset(kv, slot / kv->block_size, head, position / TILE);
  char *keys = kv->keys + offset;
  char *values = kv->values + offset;
  long numbers = phx_tile_numbers(kv);
  struct place to_key = {keys, token, TILE, (float *)(keys + numbers) + token};
  struct place to_value = {values, (long)token * padded, 1, (float *)(values + numbers) + token};
  write_numbers(type, to_key, key, kv->head_dim);
  write_numbers(type, to_value, value, kv->head_dim);
  for (int d = kv->head_dim; d < padded; d++) {
    phx_store_as(type, values, (long)token * padded + d, 0.0f);
  }
}

static void write_token_as(const struct phx_kv *kv, int slot, int head, const float *key,
                           const float *value) {
  switch (kv->type) {
    case PHX_FLOAT16:
      write_token(PHX_FLOAT16, kv, slot, head, key, value);
      break;
    case PHX_BFLOAT16:
      write_token(PHX_BFLOAT16, kv, slot, head, key, value);
      break;
    case PHX_INT16:
      write_token(PHX_INT16, kv, slot, head, key, value);
      break;
    default:
      write_token(PHX_FLOAT32, kv, slot, head, key, value);
  }
}

static void norm_and_rotate(const struct phx_projected *p, const struct phx_norm *norm, float *head,
                            long token) {
  int half = p->kv.head_dim / 2;
  if (norm->weight != NULL) {
    normalize(norm, head, head);
  }
  rotate(head, half, p->cosines + token * half, p->sines + token * half);
}

static void project_row(const void *arg, long token) {
  const struct phx_projected *p = arg;
  long dim = p->kv.head_dim;
  float *row = p->rows + token * (p->heads + 2 * p->kv.kv_heads) * dim;
  for (int h = 0; h < p->heads; h++) {
    norm_and_rotate(p, &p->query_norm, row + h * dim, token);
  }
  float *keys = row + p->heads * dim;
  float *values = keys + p->kv.kv_heads * dim;
  for (int h = 0; h < p->kv.kv_heads; h++) {
    float *key = keys + h * dim;
    norm_and_rotate(p, &p->key_norm, key, token);
    write_token_as(&p->kv, p->slots[token], h, key, values + h * dim);
  }
}

void PHX_VARIANT(phx_rotate_and_write)(phx_pool *pool, const struct phx_projected *p) {
  long size = (long)(p->heads + 4 * p->kv.kv_heads) * p->kv.head_dim;
  for_rows(pool, p->tokens, 2 * size, project_row, p);
}

#endif
