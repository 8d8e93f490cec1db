#include "pool.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "export.h"

/* How long a thread looks for work before it sleeps, in ticks of the time stamp counter: some tens
 * of microseconds, about what waking it takes. */
#define SPIN_TICKS 150000

/* The tasks of a run are counted down in `claims`: the run's number above, the tasks that nobody
 * has taken below. A run's fields are written only while nothing is left to take, and a taker's
 * compare-and-swap fails if the run that it read them of is over. */
struct phx_pool {
  _Alignas(64) _Atomic uint64_t claims;
  _Alignas(64) _Atomic uint32_t done;    /* tasks that have returned; the caller sleeps on it */
  _Alignas(64) _Atomic uint32_t signal;  /* run number; workers sleep on it */
  _Atomic uint32_t sleepers;             /* workers that sleep or are about to */
  _Atomic uint32_t caller_sleeps;
  _Atomic uint32_t stopped;
  _Alignas(64) _Atomic(void *) arg;
  _Atomic(void (*)(void *, int)) fn;
  _Atomic uint32_t tasks;
  int threads;
  enum phx_isa isa;
  void *scratch;
  size_t scratch_bytes;
};

#define REMAINING(claims) ((uint32_t)(claims))
#define RUN(claims) ((uint32_t)((claims) >> 32))

static void sleep_while(_Atomic uint32_t *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static uint64_t now(void) { return __builtin_ia32_rdtsc(); }

/* Takes and runs tasks of the current run until none is left. */
static void run_tasks(phx_pool *pool) {
  uint64_t claims = atomic_load_explicit(&pool->claims, memory_order_acquire);
  while (REMAINING(claims) > 0) {
    void (*fn)(void *, int) = atomic_load_explicit(&pool->fn, memory_order_relaxed);
    void *arg = atomic_load_explicit(&pool->arg, memory_order_relaxed);
    uint32_t tasks = atomic_load_explicit(&pool->tasks, memory_order_relaxed);
    if (!atomic_compare_exchange_weak_explicit(&pool->claims, &claims, claims - 1,
                                               memory_order_acq_rel, memory_order_acquire)) {
      continue;
    }
    fn(arg, (int)(tasks - REMAINING(claims)));
    if (atomic_fetch_add(&pool->done, 1) + 1 == tasks && atomic_load(&pool->caller_sleeps)) {
      wake(&pool->done);
    }
    claims = atomic_load_explicit(&pool->claims, memory_order_acquire);
  }
}

static void await_done(phx_pool *pool, uint32_t tasks) {
  uint64_t start = now();
  while (atomic_load_explicit(&pool->done, memory_order_acquire) != tasks) {
    if (now() - start < SPIN_TICKS) {
      __builtin_ia32_pause();
      continue;
    }
    atomic_store(&pool->caller_sleeps, 1);
    uint32_t done = atomic_load(&pool->done);
    if (done != tasks) {
      sleep_while(&pool->done, done);
    }
    atomic_store(&pool->caller_sleeps, 0);
  }
}

void phx_run(phx_pool *pool, int tasks, void (*fn)(void *arg, int task), void *arg) {
  if (pool->threads == 1 || tasks <= 1) {
    for (int task = 0; task < tasks; task++) {
      fn(arg, task);
    }
    return;
  }
  uint32_t run = RUN(atomic_load_explicit(&pool->claims, memory_order_relaxed)) + 1;
  atomic_store_explicit(&pool->fn, fn, memory_order_relaxed);
  atomic_store_explicit(&pool->arg, arg, memory_order_relaxed);
  atomic_store_explicit(&pool->tasks, (uint32_t)tasks, memory_order_relaxed);
  atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
  atomic_store(&pool->claims, (uint64_t)run << 32 | (uint32_t)tasks);
  atomic_store(&pool->signal, run);
  if (atomic_load(&pool->sleepers) > 0) {
    wake(&pool->signal);
  }
  run_tasks(pool);
  await_done(pool, (uint32_t)tasks);
}

void *phx_scratch(phx_pool *pool, size_t bytes) {
  if (bytes > pool->scratch_bytes) {
    free(pool->scratch);
    pool->scratch_bytes = (bytes + 4095) / 4096 * 4096;
    pool->scratch = aligned_alloc(4096, pool->scratch_bytes);
    if (pool->scratch == NULL) {
      pool->scratch_bytes = 0;
    }
  }
  return pool->scratch;
}

int phx_threads(const phx_pool *pool) { return pool->threads; }

enum phx_isa phx_pool_isa(const phx_pool *pool) { return pool->isa; }

/* Whether there may be something to do, or the pool has stopped, before the spin is over. */
static int spin_for_work(phx_pool *pool) {
  uint64_t start = now();
  do {
    if (REMAINING(atomic_load_explicit(&pool->claims, memory_order_relaxed)) > 0 ||
        atomic_load_explicit(&pool->stopped, memory_order_relaxed)) {
      return 1;
    }
    __builtin_ia32_pause();
  } while (now() - start < SPIN_TICKS);
  return 0;
}

static void sleep_for_work(phx_pool *pool) {
  uint32_t signal = atomic_load(&pool->signal);
  atomic_fetch_add(&pool->sleepers, 1);
  if (REMAINING(atomic_load(&pool->claims)) == 0 && !atomic_load(&pool->stopped)) {
    sleep_while(&pool->signal, signal);
  }
  atomic_fetch_sub(&pool->sleepers, 1);
}

PHX_EXPORT(jlong, createPool)(PHX_JNI, jint threads, jint isa) {
  phx_pool *pool = aligned_alloc(64, (sizeof(phx_pool) + 63) / 64 * 64);
  if (pool != NULL) {
    *pool = (phx_pool){.threads = threads, .isa = (enum phx_isa)isa};
  }
  return (jlong)(uintptr_t)pool;
}

PHX_EXPORT(void, work)(PHX_JNI, jlong address) {
  phx_pool *pool = PHX_POINTER(phx_pool, address);
  while (!atomic_load(&pool->stopped)) {
    run_tasks(pool);
    if (!spin_for_work(pool)) {
      sleep_for_work(pool);
    }
  }
}

PHX_EXPORT(void, stopPool)(PHX_JNI, jlong address) {
  phx_pool *pool = PHX_POINTER(phx_pool, address);
  atomic_store(&pool->stopped, 1);
  atomic_fetch_add(&pool->signal, 1);
  wake(&pool->signal);
}

PHX_EXPORT(void, freePool)(PHX_JNI, jlong address) {
  phx_pool *pool = PHX_POINTER(phx_pool, address);
  free(pool->scratch);
  free(pool);
}
