/*
 * The threads that run shaped ports' queues: each has several ports, each port has one.
 *
 * A thread sleeps until frames come, a packet may leave, or it has to say that it is there. All functions but the
 * thread's own are for the engine's thread.
 */
#pragma once

#include "shape/shaped.h"

#define WORKER_BEAT_NS 300000000 /* for so long whoever sends frames may take it that the thread is there */
#define WORKER_PORTS   255u

struct worker;

/* A thread begins. 0; -errno. */
int worker_start(struct worker **worker);
/* It ends; it has no ports any more. Takes NULL, returns NULL. */
struct worker *worker_stop(struct worker *worker);

/* From now on it runs the port, and stores the time (CLOCK_MONOTONIC) until which it will be there in *deadline_ns. 0;
 * -errno. */
int worker_add(struct worker *worker, struct shaped *shaped, uint64_t *deadline_ns);
/* Call a function on the thread, between two looks at its ports; returns when that has returned. */
void worker_call(struct worker *worker, struct shaped *shaped, void (*function)(struct shaped *shaped, void *arg),
                 void *arg);
/* From now on it does not. */
void worker_remove(struct worker *worker, struct shaped *shaped);
