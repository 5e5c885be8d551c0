#include "shape/worker.h"

#include "base/clock.h"
#include "base/compiler.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define BEAT_EVERY_NS 20000000
#define SLEEP_MAX_NS  100000000
#define NICE          (-10)

struct member {
    struct shaped *shaped;
    uint64_t *deadline_ns;
};

/* What the engine's thread wants; one at a time. */
enum wish { WISH_NONE, WISH_ADD, WISH_REMOVE, WISH_CALL, WISH_STOP };

struct worker {
    pthread_t thread;
    int epoll, wake; /* an eventfd: there is a wish */
    pthread_mutex_t lock;
    pthread_cond_t granted;
    enum wish wish; /* these under the lock */
    struct member wanted;
    void (*function)(struct shaped *shaped, void *arg); /* of WISH_CALL */
    void *arg;
    bool has_wish; /* the same as a hint, so that the lock is taken only if there is one */
    /* The thread's own: */
    struct member members[WORKER_PORTS];
    unsigned count;
    int64_t beat_ns;
};

/* --- the thread -------------------------------------------------------------------------------------------------- */

static void remove_member(struct worker *worker, const struct shaped *shaped)
{
    for (unsigned i = 0; i < worker->count; i++)
        if (worker->members[i].shaped == shaped)
            worker->members[i--] = worker->members[--worker->count];
}

/* False: it is to stop. */
static bool grant(struct worker *worker)
{
    uint64_t times;

    pthread_mutex_lock(&worker->lock);
    enum wish wish = worker->wish;
    (void)!read(worker->wake, &times, sizeof(times));
    if (wish == WISH_ADD)
        worker->members[worker->count++] = worker->wanted;
    else if (wish == WISH_REMOVE)
        remove_member(worker, worker->wanted.shaped);
    else if (wish == WISH_CALL)
        worker->function(worker->wanted.shaped, worker->arg);
    worker->beat_ns = 0;
    worker->wish = WISH_NONE;
    __atomic_store_n(&worker->has_wish, false, __ATOMIC_RELAXED);
    pthread_cond_signal(&worker->granted);
    pthread_mutex_unlock(&worker->lock);
    return wish != WISH_STOP;
}

static void beat(struct worker *worker, int64_t now_ns)
{
    if (now_ns < worker->beat_ns)
        return;
    for (unsigned i = 0; i < worker->count; i++)
        WRITE_RELEASE(*worker->members[i].deadline_ns, (uint64_t)now_ns + WORKER_BEAT_NS);
    worker->beat_ns = now_ns + BEAT_EVERY_NS;
}

/* At most SLEEP_MAX_NS. */
static void sleep_for(const struct worker *worker, int64_t ns)
{
    struct timespec timeout = {.tv_nsec = ns};
    struct epoll_event events[16];

    epoll_pwait2(worker->epoll, events, ARRAY_SIZE(events), &timeout,
                 NULL); /* what there is shows when it is looked at */
}

static void *run(void *arg)
{
    struct worker *worker = arg;

    prctl(PR_SET_NAME, "fairlead-queues");
    prctl(PR_SET_TIMERSLACK, 1UL);      /* ns: a packet's time is known exactly */
    setpriority(PRIO_PROCESS, 0, NICE); /* of this thread; where that is not allowed, it stays as it is */
    for (;;) {
        if (__atomic_load_n(&worker->has_wish, __ATOMIC_RELAXED) && !grant(worker))
            return NULL;
        int64_t now_ns = clock_now_ns(), next_ns = now_ns + SLEEP_MAX_NS;
        beat(worker, now_ns);
        for (unsigned i = 0; i < worker->count; i++) {
            int64_t wanted_ns = shaped_turn(worker->members[i].shaped, now_ns);
            if (wanted_ns < next_ns)
                next_ns = wanted_ns;
        }
        if (next_ns > now_ns)
            sleep_for(worker, next_ns - now_ns);
    }
}

/* --- the engine's side ------------------------------------------------------------------------------------------- */

/* Returns when it has been done. */
static void want(struct worker *worker, enum wish wish, struct member member)
{
    const uint64_t one = 1;

    pthread_mutex_lock(&worker->lock);
    worker->wish = wish;
    worker->wanted = member;
    __atomic_store_n(&worker->has_wish, true, __ATOMIC_RELAXED);
    (void)!write(worker->wake, &one, sizeof(one));
    while (worker->wish != WISH_NONE)
        pthread_cond_wait(&worker->granted, &worker->lock);
    pthread_mutex_unlock(&worker->lock);
}

static void free_worker(struct worker *worker)
{
    if (worker->epoll >= 0)
        close(worker->epoll);
    if (worker->wake >= 0)
        close(worker->wake);
    pthread_mutex_destroy(&worker->lock);
    pthread_cond_destroy(&worker->granted);
    free(worker);
}

int worker_start(struct worker **result)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct epoll_event event = {.events = EPOLLIN};

    if (!worker)
        return -ENOMEM;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->granted, NULL);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error =
        worker->epoll < 0 || worker->wake < 0 || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, worker->wake, &event) < 0
            ? -errno
            : -pthread_create(&worker->thread, NULL, run, worker);
    if (error) {
        free_worker(worker);
        return error;
    }
    *result = worker;
    return 0;
}

struct worker *worker_stop(struct worker *worker)
{
    if (!worker)
        return NULL;
    want(worker, WISH_STOP, (struct member){NULL, NULL});
    pthread_join(worker->thread, NULL);
    assert(worker->count == 0);
    free_worker(worker);
    return NULL;
}

int worker_add(struct worker *worker, struct shaped *shaped, uint64_t *deadline_ns)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd = shaped_io(shaped)->fd;

    if (fd >= 0 && epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    want(worker, WISH_ADD, (struct member){shaped, deadline_ns});
    return 0;
}

void worker_call(struct worker *worker, struct shaped *shaped, void (*function)(struct shaped *shaped, void *arg),
                 void *arg)
{
    /* The thread looks at these only once it has seen the wish, which is made under the lock. */
    worker->function = function;
    worker->arg = arg;
    want(worker, WISH_CALL, (struct member){shaped, NULL});
}

void worker_remove(struct worker *worker, struct shaped *shaped)
{
    int fd = shaped_io(shaped)->fd;

    want(worker, WISH_REMOVE, (struct member){shaped, NULL});
    if (fd >= 0)
        epoll_ctl(worker->epoll, EPOLL_CTL_DEL, fd, NULL);
}
