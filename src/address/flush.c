#include "address/flush.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define QUIET_S      1        /* without a batch, after which the store is put in order */
#define SLICE        256      /* changes that are moved, or dropped, before a batch has its turn: some milliseconds */
#define LOG_PAGES    1000     /* as SQLite has it by itself, but behind the ACKs */
#define BATCH_LARGE  32       /* changes: many come just now */
#define PENDING_SOME 65536    /* changes: more are moved whenever there is a moment, while batches are not large */
#define PENDING_MANY 8388608  /* more are moved even if they are */
#define PENDING_MAX  16777216 /* more are moved though there is no moment */

/* --- the thread -------------------------------------------------------------------------------------------------- */

static int store_batch(struct flush *flush)
{
    int error = store_begin(flush->store);

    for (size_t i = 0; !error && i < flush->count; i++)
        error = store_put_lease(flush->store, flush->leases[i]);
    if (!error && flush->has_clock)
        error = store_put_clock(flush->store, &flush->clock);
    if (!error && flush->has_reservation)
        error = store_put_reservation(flush->store, &flush->reservation);
    if (!error)
        error = store_commit(flush->store);
    if (error) {
        snprintf(flush->why, sizeof(flush->why), "%s", store_why(flush->store));
        store_rollback(flush->store);
    }
    return error;
}

/* A moment's work on the store. False: there is none, or it fails, which the next batch will tell. */
static bool put_in_order(struct store *store, uint64_t forget_before_s)
{
    if (store_unfolded(store))
        return store_fold(store, SLICE) == 0 && store_checkpoint(store, LOG_PAGES) == 0;
    return store_forget(store, forget_before_s, SLICE) > 0;
}

/* What cannot wait for a quiet moment. */
static void keep_in_bounds(struct store *store, size_t changes)
{
    if (store_unfolded(store) > PENDING_MAX)
        store_fold(store, 2 * (unsigned)changes);
    store_checkpoint(store, LOG_PAGES);
}

/* True: nothing was given in QUIET_S. The mutex is held. */
static bool is_quiet(struct flush *flush)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += QUIET_S;
    return pthread_cond_timedwait(&flush->given, &flush->mutex, &until) == ETIMEDOUT;
}

/* Whether changes are to be moved now, between two batches of which the last had so many. */
static bool should_move(const struct store *store, size_t last_count)
{
    uint64_t pending = store_unfolded(store);

    return pending > PENDING_MANY || (pending > PENDING_SOME && last_count < BATCH_LARGE);
}

/* Wait for a batch, and keep the store in order meanwhile. False: there will be none. The mutex is held. */
static bool next_batch(struct flush *flush)
{
    bool work = true, quiet = false;

    while (flush->state != FLUSH_GIVEN && !flush->stop) {
        uint64_t before_s = flush->forget_before_s;
        if (!work) {
            pthread_cond_wait(&flush->given, &flush->mutex);
        } else if (quiet || should_move(flush->store, flush->count)) {
            pthread_mutex_unlock(&flush->mutex);
            work = put_in_order(flush->store, before_s);
            atomic_store(&flush->pending, store_unfolded(flush->store));
            pthread_mutex_lock(&flush->mutex);
        } else {
            quiet = is_quiet(flush);
        }
    }
    return flush->state == FLUSH_GIVEN;
}

static void *run(void *arg)
{
    const uint64_t one = 1;
    struct flush *flush = arg;

    pthread_mutex_lock(&flush->mutex);
    while (next_batch(flush)) {
        size_t count = flush->count;
        pthread_mutex_unlock(&flush->mutex);
        int error = store_batch(flush);
        atomic_store(&flush->pending, store_unfolded(flush->store));
        pthread_mutex_lock(&flush->mutex);
        flush->error = error;
        flush->state = FLUSH_DONE;
        pthread_cond_signal(&flush->done);
        ssize_t written = write(flush->watch.fd, &one, sizeof(one)); /* it has room for far more than ones */
        assert(written == sizeof(one));
        (void)written;
        pthread_mutex_unlock(&flush->mutex);
        keep_in_bounds(flush->store, count);
        pthread_mutex_lock(&flush->mutex);
    }
    pthread_mutex_unlock(&flush->mutex);
    return NULL;
}

/* --- the loop's side --------------------------------------------------------------------------------------------- */

static int start(struct flush *flush)
{
    pthread_condattr_t attributes;
    sigset_t all, before;
    int error = pthread_condattr_init(&attributes);

    if (error)
        return -error;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&flush->mutex, NULL);
    pthread_cond_init(&flush->given, &attributes);
    pthread_cond_init(&flush->done, NULL);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    error = pthread_create(&flush->thread, NULL, run, flush);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    flush->started = !error;
    return -error;
}

int flush_open(struct flush *flush, struct store *store, int epoll, void (*ready)(void *arg, struct watch *watch),
               void *arg)
{
    *flush = (struct flush){.store = store, .watch = {eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ready, arg}};
    int error = flush->watch.fd < 0 ? -errno : watch_begin(epoll, &flush->watch);
    if (!error)
        error = start(flush);
    if (error && flush->watch.fd >= 0)
        close(flush->watch.fd);
    return error;
}

void flush_close(struct flush *flush)
{
    if (!flush->started)
        return;
    pthread_mutex_lock(&flush->mutex);
    flush->stop = true;
    pthread_cond_signal(&flush->given);
    pthread_mutex_unlock(&flush->mutex);
    pthread_join(flush->thread, NULL);
    pthread_cond_destroy(&flush->given);
    pthread_cond_destroy(&flush->done);
    pthread_mutex_destroy(&flush->mutex);
    close(flush->watch.fd);
    flush->started = false;
}

void flush_begin(struct flush *flush, const struct flush_batch *batch)
{
    pthread_mutex_lock(&flush->mutex);
    assert(flush->state == FLUSH_IDLE);
    flush->leases = batch->leases;
    flush->count = batch->count;
    flush->has_clock = batch->clock;
    if (batch->clock)
        flush->clock = *batch->clock;
    flush->has_reservation = batch->reservation;
    if (batch->reservation)
        flush->reservation = *batch->reservation;
    flush->forget_before_s = batch->forget_before_s;
    flush->state = FLUSH_GIVEN;
    pthread_cond_signal(&flush->given);
    pthread_mutex_unlock(&flush->mutex);
}

bool flush_is_busy(struct flush *flush)
{
    pthread_mutex_lock(&flush->mutex);
    bool busy = flush->state != FLUSH_IDLE;
    pthread_mutex_unlock(&flush->mutex);
    return busy;
}

bool flush_end(struct flush *flush, int *error)
{
    uint64_t ones;

    pthread_mutex_lock(&flush->mutex);
    bool done = flush->state == FLUSH_DONE;
    if (done) {
        *error = flush->error;
        flush->state = FLUSH_IDLE;
        done = read(flush->watch.fd, &ones, sizeof(ones)) == sizeof(ones);
    }
    pthread_mutex_unlock(&flush->mutex);
    return done;
}

void flush_wait(struct flush *flush)
{
    pthread_mutex_lock(&flush->mutex);
    while (flush->state == FLUSH_GIVEN)
        pthread_cond_wait(&flush->done, &flush->mutex);
    pthread_mutex_unlock(&flush->mutex);
}
