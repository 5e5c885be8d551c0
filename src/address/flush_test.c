/* The thread that has the store, and the loop that gives it batches; also run under TSan. */
#include "address/flush.h"
#include "tests/scratch_store.h"
#include "tests/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCHES 200
#define LEASES  20
#define FIRST   0x0a000000u

static void on_ready(void *arg, struct watch *watch)
{
    (void)watch;
    ++*(unsigned *)arg;
}

/* A turn of a loop. */
static void turn(int epoll)
{
    struct epoll_event event;

    assert_int_equal(epoll_wait(epoll, &event, 1, 60000), 1);
    struct watch *watch = event.data.ptr;
    watch->ready(watch->arg, watch);
}

static struct dhcp_lease lease_of(uint32_t batch, uint32_t i)
{
    struct dhcp_lease lease = {.addr = FIRST + i,
                               .state = DHCP_LEASE_BOUND,
                               .htype = 1,
                               .hlen = 6,
                               .began_s = 1000 + batch,
                               .last_s = 1000 + batch,
                               .ends_s = DHCP_NEVER};

    lease.chaddr[5] = (uint8_t)batch;
    return lease;
}

static int see(void *arg, const struct dhcp_lease *lease)
{
    struct dhcp_lease *all = arg;

    all[lease->addr - FIRST] = *lease;
    return 0;
}

static int count_one(void *arg, const struct store_binding *binding)
{
    (void)binding;
    ++*(unsigned *)arg;
    return 0;
}

/* Batch after batch, while the store is read beside it. */
static void what_is_given_is_stored(void **state)
{
    const struct store_question question = {.last = UINT32_MAX, .to_s = UINT64_MAX};
    struct dhcp_lease leases[LEASES], stored[LEASES];
    const struct dhcp_lease *pointers[LEASES];
    struct store_reader *reader = NULL;
    struct flush flush;
    unsigned ready = 0, bindings = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC), error = 1;

    (void)state;
    struct store *store = scratch_open(scratch_path);
    assert_int_equal(store_reader_open(scratch_path, &reader), 0);
    assert_int_equal(flush_open(&flush, store, epoll, on_ready, &ready), 0);
    for (uint32_t batch = 0; batch < BATCHES; batch++) {
        const struct store_clock clock = {.boot = "a", .offset_s = batch};
        for (uint32_t i = 0; i < LEASES; i++) {
            leases[i] = lease_of(batch, i);
            pointers[i] = &leases[i];
        }
        flush_begin(&flush, &(struct flush_batch){pointers, LEASES, batch % 3 ? NULL : &clock, NULL, 0});
        assert_true(flush_is_busy(&flush));
        if (batch % 16 == 0)
            assert_int_equal(store_each_binding(reader, &question, count_one, &bindings), 0);
        if (batch % 2)
            flush_wait(&flush);
        else
            turn(epoll);
        assert_true(flush_end(&flush, &error));
        assert_int_equal(error, 0);
        assert_false(flush_is_busy(&flush) || flush_end(&flush, &error));
    }
    assert_int_equal(ready, BATCHES / 2);
    assert_true(atomic_load(&flush.pending) > 0);
    flush_close(&flush);
    assert_int_equal(store_each_lease(store, see, stored), 0);
    for (uint32_t i = 0; i < LEASES; i++)
        assert_int_equal(stored[i].chaddr[5], BATCHES - 1);
    bindings = 0;
    assert_int_equal(store_each_binding(reader, &question, count_one, &bindings), 0);
    assert_int_equal(bindings, BATCHES * LEASES);
    store_reader_close(reader);
    store_close(store);
    close(epoll);
}

/* What was given is stored even if the flush is closed at once. */
static void closing_waits(void **state)
{
    struct dhcp_lease lease = lease_of(7, 0), stored[LEASES] = {{0}};
    const struct dhcp_lease *pointer = &lease;
    struct flush flush = {.started = false};
    unsigned ready = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    (void)state;
    flush_close(&flush);
    struct store *store = scratch_open(scratch_path);
    assert_int_equal(flush_open(&flush, store, epoll, on_ready, &ready), 0);
    flush_begin(&flush, &(struct flush_batch){&pointer, 1, NULL, NULL, 0});
    flush_close(&flush);
    assert_int_equal(store_each_lease(store, see, stored), 0);
    assert_int_equal(stored[0].chaddr[5], 7);
    store_close(store);
    close(epoll);
}

/* In a quiet moment everything is moved to where it is looked for. */
static void quiet_moments_are_used(void **state)
{
    struct dhcp_lease lease = lease_of(7, 0);
    const struct dhcp_lease *pointer = &lease;
    struct flush flush;
    unsigned ready = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC), error;

    (void)state;
    struct store *store = scratch_open(scratch_path);
    assert_int_equal(flush_open(&flush, store, epoll, on_ready, &ready), 0);
    flush_begin(&flush, &(struct flush_batch){&pointer, 1, NULL, NULL, 0});
    turn(epoll);
    assert_true(flush_end(&flush, &error) && error == 0);
    while (atomic_load(&flush.pending))
        poll(NULL, 0, 1);
    flush_close(&flush);
    store_close(store);
    close(epoll);
}

/* A batch that cannot be stored says why, and the next one is not the worse for it. */
static void what_fails_says_why(void **state)
{
    struct dhcp_lease lease = lease_of(7, 0), wrong = lease_of(8, 1), stored[LEASES] = {{0}};
    const struct dhcp_lease *pointers[] = {&wrong, &lease};
    struct flush flush;
    unsigned ready = 0;
    int epoll = epoll_create1(EPOLL_CLOEXEC), error;

    (void)state;
    struct store *store = scratch_open(scratch_path), *other = NULL;
    const char *why;
    assert_int_equal(store_open(scratch_path, &other, &why), -EBUSY);
    assert_int_equal(flush_open(&flush, store, epoll, on_ready, &ready), 0);
    assert_int_equal(store_begin(store), 0); /* a transaction is open: the next cannot begin (nothing else runs yet) */
    flush_begin(&flush, &(struct flush_batch){pointers, 2, NULL, NULL, 0});
    turn(epoll);
    assert_true(flush_end(&flush, &error));
    assert_true(error < 0 && strlen(flush.why) > 0);
    flush_begin(&flush, &(struct flush_batch){pointers + 1, 1, NULL, NULL, 0});
    turn(epoll);
    assert_true(flush_end(&flush, &error) && error == 0);
    flush_close(&flush);
    assert_int_equal(store_each_lease(store, see, stored), 0);
    assert_true(stored[0].chaddr[5] == 7 && stored[1].addr == 0);
    store_close(store);
    close(epoll);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_CASE(what_is_given_is_stored),
        SCRATCH_CASE(closing_waits),
        SCRATCH_CASE(quiet_moments_are_used),
        SCRATCH_CASE(what_fails_says_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
