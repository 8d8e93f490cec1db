/* The threads of one rank. The thread that calls phx_run is one of them; the others are Java's, so
 * that they have names, and stay in phx_work until the pool stops. */
#ifndef PHX_POOL_H
#define PHX_POOL_H

#include <stddef.h>

#include "cpu.h"

typedef struct phx_pool phx_pool;

/* Runs fn(arg, 0) .. fn(arg, tasks - 1), each once, on whichever thread is free, and returns when
 * all have returned. One caller at a time. */
void phx_run(phx_pool *pool, int tasks, void (*fn)(void *arg, int task), void *arg);

/* Threads, the caller's included. */
int phx_threads(const phx_pool *pool);

/* Memory of at least so many bytes, at a multiple of 64, holding anything; the caller's until it
 * asks again. NULL if there is none. */
void *phx_scratch(phx_pool *pool, size_t bytes);

/* What kernels that run in this pool use. */
enum phx_isa phx_pool_isa(const phx_pool *pool);

#endif
