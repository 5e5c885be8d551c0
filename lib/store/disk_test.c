/* The store on disks that fail, and that lose their power. */
#include "store/store.h"
#include "tests/disk.h"
#include "tests/draw.h"
#include "tests/scratch_store.h"
#include "tests/unit.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDRESSES    6
#define FIRST        0x0a000001
#define STATES_MAX   400
#define TRANSACTIONS 40

static char left_path[96];

/* --- what is known of addresses ---------------------------------------------------------------------------------- */

/* Who has each address, by the last byte of the hardware address, and until when; 0: nobody ever had it. */
struct state {
    uint8_t client[ADDRESSES];
    uint64_t ends_s[ADDRESSES];
};

static int read_one(void *arg, const struct dhcp_lease *lease)
{
    struct state *state = arg;

    assert_in_range(lease->addr, FIRST, FIRST + ADDRESSES - 1);
    state->client[lease->addr - FIRST] = lease->chaddr[5];
    state->ends_s[lease->addr - FIRST] = lease->ends_s;
    return 0;
}

static struct state read_state(struct store *store)
{
    struct state state = {{0}, {0}};

    assert_int_equal(store_each_lease(store, read_one, &state), 0);
    return state;
}

static bool equal(const struct state *a, const struct state *b)
{
    return memcmp(a->client, b->client, sizeof(a->client)) == 0 && memcmp(a->ends_s, b->ends_s, sizeof(a->ends_s)) == 0;
}

/* Some leases, and what is known if they are stored. */
static struct state draw_changes(uint64_t *seed, const struct state *before, struct dhcp_lease *leases, unsigned *count)
{
    static uint64_t now_s = 1000;
    struct state after = *before;

    *count = 1 + draw_u32(seed) % 3;
    now_s++;
    for (unsigned i = 0; i < *count; i++) {
        unsigned which = draw_u32(seed) % ADDRESSES;
        leases[i] = (struct dhcp_lease){.addr = FIRST + which,
                                        .state = DHCP_LEASE_BOUND,
                                        .htype = 1,
                                        .hlen = 6,
                                        .began_s = now_s,
                                        .last_s = now_s,
                                        .ends_s = now_s + 100 + draw_u32(seed) % 100};
        leases[i].chaddr[5] = (uint8_t)(1 + draw_u32(seed) % 200);
        leases[i].host_name.len = (uint8_t)draw_u32(seed); /* so that transactions are of several pages */
        after.client[which] = leases[i].chaddr[5];
        after.ends_s[which] = leases[i].ends_s;
    }
    return after;
}

static int commit(struct store *store, const struct dhcp_lease *leases, unsigned count)
{
    int error = store_begin(store);

    for (unsigned i = 0; !error && i < count; i++)
        error = store_put_lease(store, &leases[i]);
    if (!error)
        error = store_commit(store);
    if (error)
        store_rollback(store);
    return error;
}

/* --- the power goes ---------------------------------------------------------------------------------------------- */

/* A state, and between which operations the power may have gone if it is what is found. */
struct candidate {
    struct state state;
    size_t from, to;
};

struct run {
    struct candidate candidates[STATES_MAX];
    unsigned count;
};

/* Transactions, moves and checkpoints as they happen; with `failing`, flushes that fail now and then. */
static void work(struct run *run, uint64_t *seed, bool failing)
{
    struct store *store = scratch_open(scratch_path);
    struct state known = {{0}, {0}};
    struct dhcp_lease leases[3];
    unsigned count;

    run->candidates[0] = (struct candidate){known, 0, SIZE_MAX};
    run->count = 1;
    for (unsigned i = 0; i < TRANSACTIONS; i++) {
        if (failing && draw_u32(seed) % 4 == 0)
            disk_fail(DISK_SYNC, 1, SQLITE_IOERR_FSYNC, false);
        struct state after = draw_changes(seed, &known, leases, &count);
        size_t from = disk_count();
        int error = commit(store, leases, count);
        disk_fail(0, 0, 0, false);
        assert_true(!error || (failing && error == -EIO));
        if (!error) { /* from here on it must be there, and nothing older may be */
            known = after;
            for (unsigned j = 0; j < run->count; j++)
                if (run->candidates[j].to == SIZE_MAX)
                    run->candidates[j].to = disk_count() - 1;
        }
        run->candidates[run->count++] = (struct candidate){after, from, SIZE_MAX};
        struct state seen = read_state(store);
        assert_true(equal(&seen, &known));
        if (failing && draw_u32(seed) % 8 == 0)
            disk_fail(DISK_SYNC, 1, SQLITE_IOERR_FSYNC, false);
        if (draw_u32(seed) % 3 == 0)
            store_fold(store, 1 + draw_u32(seed) % 8);
        if (draw_u32(seed) % 4 == 0)
            store_checkpoint(store, 1);
        disk_fail(0, 0, 0, false);
        if (draw_u32(seed) % 30 == 0) {
            store_close(store);
            store = scratch_open(scratch_path);
        }
    }
    store_close(store);
}

static void assert_left(const struct run *run, size_t count, enum disk_left left, uint64_t *seed)
{
    scratch_remove(left_path);
    disk_leave(count, left, seed, left_path);
    struct store *store = scratch_open(left_path);
    struct state found = read_state(store);
    bool expected = false;
    for (unsigned i = 0; i < run->count && !expected; i++)
        expected = run->candidates[i].from <= count && count <= run->candidates[i].to &&
                   equal(&run->candidates[i].state, &found);
    if (!expected)
        fail_msg("the power goes behind operation %zu, left %d: what is found was not promised then", count, left);
    /* And it goes on from there. */
    struct dhcp_lease leases[3];
    unsigned changes;
    struct state after = draw_changes(seed, &found, leases, &changes);
    assert_int_equal(commit(store, leases, changes), 0);
    while (store_unfolded(store))
        assert_int_equal(store_fold(store, 5), 0);
    found = read_state(store);
    assert_true(equal(&found, &after));
    store_close(store);
}

static void lose_power_everywhere(uint64_t seed, bool failing)
{
    static struct run run;
    size_t begin;

    snprintf(left_path, sizeof(left_path), "%s/left.db", scratch_directory);
    /* Before anything has been promised there may be nothing, not even a database. */
    store_close(scratch_open(scratch_path));
    scratch_remove(scratch_path);
    disk_begin();
    struct store *store = scratch_open(scratch_path);
    begin = disk_count();
    store_close(store);
    work(&run, &seed, failing);
    disk_end();
    size_t end = disk_count();
    for (size_t count = begin; count <= end; count++) {
        assert_left(&run, count, DISK_ALL, &seed);
        assert_left(&run, count, (enum disk_left)(draw_u32(&seed) % DISK_LEFT_COUNT), &seed);
    }
}

static void what_was_promised_is_there_wherever_the_power_goes(void **state)
{
    (void)state;
    lose_power_everywhere(21, false);
}

static void also_if_flushes_have_failed(void **state)
{
    (void)state;
    lose_power_everywhere(22, true);
}

/* --- the disk fails ---------------------------------------------------------------------------------------------- */

/* Each operation of a transaction, a move or a checkpoint fails once: nothing is promised, nothing is lost, and with
 * the fault gone it goes on. */
static void fail_everywhere(unsigned operations, int rc, int errno_expected)
{
    uint64_t seed = 31;
    unsigned hits = 0;

    disk_begin();
    struct store *store = scratch_open(scratch_path);
    struct state known = read_state(store);
    struct dhcp_lease leases[3];
    unsigned count;
    for (unsigned round = 0; round < 400; round++) {
        struct state after = draw_changes(&seed, &known, leases, &count);
        disk_fail(operations, 1 + round % 12, rc, round % 2 == 1);
        int error = commit(store, leases, count);
        bool failed = disk_failed();
        if (!failed) {
            store_fold(store, 3);
            store_checkpoint(store, 1);
        }
        hits += disk_failed();
        disk_fail(0, 0, 0, false);
        assert_int_equal(error, failed ? errno_expected : 0);
        if (!error)
            known = after;
        struct state seen = read_state(store);
        assert_true(equal(&seen, &known));
        if (round % 50 == 49) {
            store_close(store);
            store = scratch_open(scratch_path);
            seen = read_state(store);
            assert_true(equal(&seen, &known));
        }
    }
    assert_true(hits > 30);
    store_close(store);
    disk_end();
}

static void a_write_fails(void **state)
{
    (void)state;
    fail_everywhere(DISK_WRITE, SQLITE_IOERR_WRITE, -EIO);
}

static void the_disk_is_full(void **state)
{
    (void)state;
    fail_everywhere(DISK_WRITE, SQLITE_FULL, -ENOSPC);
}

static void a_flush_fails(void **state)
{
    (void)state;
    fail_everywhere(DISK_SYNC, SQLITE_IOERR_FSYNC, -EIO);
}

static void the_disk_becomes_read_only(void **state)
{
    (void)state;
    fail_everywhere(DISK_WRITE | DISK_SYNC | DISK_TRUNCATE, SQLITE_READONLY, -EROFS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_CASE(what_was_promised_is_there_wherever_the_power_goes),
        SCRATCH_CASE(also_if_flushes_have_failed),
        SCRATCH_CASE(a_write_fails),
        SCRATCH_CASE(the_disk_is_full),
        SCRATCH_CASE(a_flush_fails),
        SCRATCH_CASE(the_disk_becomes_read_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
