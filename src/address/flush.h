/*
 * The thread that has the store: it brings batches of changes to stable storage while the loop goes on, one batch at a
 * time. In quiet moments it keeps the store in order.
 */
#pragma once

#include "loop/watch.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum flush_state { FLUSH_IDLE, FLUSH_GIVEN, FLUSH_DONE };

struct flush {
    struct store *store;  /* the thread's while it runs */
    struct watch watch;   /* ready when a batch is done; its fd is an eventfd */
    atomic_ulong pending; /* changes that have not been moved to where they are looked for (store_fold()) */

    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t given, done;
    enum flush_state state;
    bool stop;
    const struct dhcp_lease *const *leases; /* the batch */
    size_t count;
    bool has_clock;
    struct store_clock clock;
    bool has_reservation;
    struct store_reservation reservation;
    uint64_t forget_before_s;
    int error;
    char why[128];
};

/* A batch; what `leases` points to stays as it is until it is done. */
struct flush_batch {
    const struct dhcp_lease *const *leases;
    size_t count;
    const struct store_clock *clock;             /* to be stored too; NULL */
    const struct store_reservation *reservation; /* likewise */
    uint64_t forget_before_s; /* history that ended before this time of the lease clock is dropped, some day */
};

/* The store is the flush's from now on, until flush_close(). `ready` is called by the epoll's loop. 0; -errno. */
int flush_open(struct flush *flush, struct store *store, int epoll, void (*ready)(void *arg, struct watch *watch),
               void *arg);
/* Whatever was given is done first. Nothing happens if it was not opened. */
void flush_close(struct flush *flush);

/* Give it a batch; it must be idle. */
void flush_begin(struct flush *flush, const struct flush_batch *batch);

/* Whether a batch has been given and not been taken back. */
bool flush_is_busy(struct flush *flush);

/* Take back a batch that is done; *error is 0, or why nothing of it is stored (flush->why says it to people). False: it
 * is not done yet. */
bool flush_end(struct flush *flush, int *error);

/* Wait until the batch is done. */
void flush_wait(struct flush *flush);
