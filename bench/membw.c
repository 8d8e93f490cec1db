/* How fast this machine reads memory with each number of threads: the roof over a decode step.
 *
 *   gcc -O3 -march=native -pthread membw.c -o membw && ./membw [MiB]
 *
 * Each thread sums its part of one array; the best of several passes is printed in GB/s. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PASSES = 9, LANES = 64, MAX_THREADS = 64 };

typedef struct {
  const uint64_t *from;
  size_t count;
  uint64_t sum;
} part;

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *sum(void *argument) {
  part *p = argument;
  uint64_t lanes[LANES] = {0};
  for (size_t i = 0; i + LANES <= p->count; i += LANES)
    for (int j = 0; j < LANES; j++) lanes[j] += p->from[i + j];
  for (int j = 0; j < LANES; j++) p->sum += lanes[j];
  return NULL;
}

static double best_pass(const uint64_t *array, size_t count, int threads) {
  double best = 1e9;
  for (int pass = 0; pass < PASSES; pass++) {
    pthread_t ids[MAX_THREADS];
    part parts[MAX_THREADS];
    double start = seconds();
    for (int t = 0; t < threads; t++) {
      parts[t] = (part){array + count / threads * t, count / threads, 0};
      pthread_create(&ids[t], NULL, sum, &parts[t]);
    }
    for (int t = 0; t < threads; t++) pthread_join(ids[t], NULL);
    double took = seconds() - start;
    if (took < best) best = took;
  }
  return best;
}

int main(int argc, char **argv) {
  size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 1024) << 20;
  uint64_t *array = aligned_alloc(64, bytes);
  if (array == NULL) return 1;
  memset(array, 1, bytes);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  for (int threads = 1; threads <= cores && threads <= MAX_THREADS; threads *= 2)
    printf("%d %.2f\n", threads, (double)bytes / best_pass(array, bytes / 8, threads) / 1e9);
  return 0;
}
