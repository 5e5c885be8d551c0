#include "store/store.h"
#include "tests/draw.h"
#include "tests/scratch_store.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void draw_bytes(uint64_t *seed, struct dhcp_bytes *bytes)
{
    bytes->len = (uint8_t)(draw_u32(seed) % 4 ? 0 : draw_u32(seed));
    for (unsigned i = 0; i < bytes->len; i++)
        bytes->bytes[i] = (uint8_t)draw_u32(seed);
}

static struct dhcp_lease draw_lease(uint64_t *seed, uint32_t addr)
{
    struct dhcp_lease lease = {.addr = addr,
                               .state = (uint8_t)(1 + draw_u32(seed) % 3),
                               .by_mac = draw_u32(seed) % 2,
                               .htype = (uint8_t)draw_u32(seed),
                               .hlen = (uint8_t)(draw_u32(seed) % 17),
                               .began_s = draw_u32(seed),
                               .last_s = draw_u32(seed),
                               .ends_s = draw_u32(seed) % 3 ? draw_u32(seed) : DHCP_NEVER};

    for (unsigned i = 0; i < lease.hlen; i++)
        lease.chaddr[i] = (uint8_t)draw_u32(seed);
    draw_bytes(seed, &lease.client_id);
    draw_bytes(seed, &lease.host_name);
    draw_bytes(seed, &lease.relay_info);
    return lease;
}

#define MANY  50
#define FIRST (0xfffffff0 - MANY) /* address of the first one */

/* What was read, by address. */
struct seen {
    struct dhcp_lease all[MANY];
    bool there[MANY];
};

static int see(void *arg, const struct dhcp_lease *lease)
{
    struct seen *seen = arg;

    assert_in_range(lease->addr, FIRST, FIRST + MANY - 1);
    seen->all[lease->addr - FIRST] = *lease;
    seen->there[lease->addr - FIRST] = true;
    return 0;
}

static void assert_bytes(const struct dhcp_bytes *a, const struct dhcp_bytes *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->bytes, b->bytes, a->len);
}

static void assert_lease(const struct dhcp_lease *a, const struct dhcp_lease *b)
{
    assert_int_equal(a->addr, b->addr);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->by_mac, b->by_mac);
    assert_int_equal(a->htype, b->htype);
    assert_int_equal(a->hlen, b->hlen);
    assert_memory_equal(a->chaddr, b->chaddr, sizeof(a->chaddr));
    assert_true(a->began_s == b->began_s && a->last_s == b->last_s && a->ends_s == b->ends_s);
    assert_bytes(&a->client_id, &b->client_id);
    assert_bytes(&a->host_name, &b->host_name);
    assert_bytes(&a->relay_info, &b->relay_info);
}

/* The first `count` addresses have these leases, and no other has any. */
static void assert_seen(struct store *store, const struct dhcp_lease *leases, unsigned count)
{
    static struct seen seen;

    memset(seen.there, 0, sizeof(seen.there));
    assert_int_equal(store_each_lease(store, see, &seen), 0);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(seen.there[i], i < count);
        if (i < count)
            assert_lease(&seen.all[i], &leases[i]);
    }
}

static void put(struct store *store, const struct dhcp_lease *lease)
{
    assert_int_equal(store_begin(store), 0);
    assert_int_equal(store_put_lease(store, lease), 0);
    assert_int_equal(store_commit(store), 0);
}

static void fold_all(struct store *store, unsigned slice)
{
    while (store_unfolded(store))
        assert_int_equal(store_fold(store, slice), 0);
}

static void what_is_committed_is_there_again(void **state)
{
    static struct dhcp_lease leases[MANY];
    struct store *store = scratch_open(scratch_path);
    uint64_t seed = 3;

    (void)state;
    for (unsigned round = 0; round < 40; round++) {
        assert_int_equal(store_begin(store), 0);
        for (uint32_t i = 0; i < MANY; i++) {
            if (round && draw_u32(&seed) % 2)
                continue;
            leases[i] = draw_lease(&seed, FIRST + i);
            assert_int_equal(store_put_lease(store, &leases[i]), 0);
        }
        assert_int_equal(store_commit(store), 0);
        assert_seen(store, leases, MANY);
        if (draw_u32(&seed) % 2)
            assert_int_equal(store_fold(store, draw_u32(&seed) % 40), 0);
        if (draw_u32(&seed) % 4 == 0)
            fold_all(store, 7);
        assert_seen(store, leases, MANY);
        if (draw_u32(&seed) % 3 == 0) {
            store_close(store);
            store = scratch_open(scratch_path);
            assert_seen(store, leases, MANY);
        }
    }
    store_close(store);
}

static void what_is_rolled_back_was_never_there(void **state)
{
    struct dhcp_lease leases[2];
    struct store *store = scratch_open(scratch_path);
    uint64_t seed = 4;

    (void)state;
    leases[0] = draw_lease(&seed, FIRST);
    put(store, &leases[0]);
    assert_int_equal(store_begin(store), 0);
    leases[1] = draw_lease(&seed, FIRST);
    assert_int_equal(store_put_lease(store, &leases[1]), 0);
    leases[1].addr = FIRST + 1;
    assert_int_equal(store_put_lease(store, &leases[1]), 0);
    store_rollback(store);
    store_rollback(store);
    assert_seen(store, leases, 1);
    fold_all(store, 1);
    assert_seen(store, leases, 1);
    store_close(store);
}

/* --- history ----------------------------------------------------------------------------------------------------- */

#define CLIENTS      3
#define ADDRESSES    4
#define BINDINGS_MAX 4000
#define PAGE         7 /* bindings that are taken at once */
#define EVERYTHING                             \
    {                                          \
        .last = UINT32_MAX, .to_s = UINT64_MAX \
    }

static struct store_reader *open_reader(void)
{
    struct store_reader *reader = NULL;

    assert_int_equal(store_reader_open(scratch_path, &reader), 0);
    return reader;
}

/* What is known of addresses by looking at every change. */
struct model {
    struct dhcp_lease leases[ADDRESSES];
    struct store_binding bindings[BINDINGS_MAX];
    unsigned count;
};

static bool is_somebodys(const struct dhcp_lease *lease)
{
    return lease->state && (lease->hlen || lease->client_id.len);
}

static void model_end(struct model *model, const struct dhcp_lease *lease, uint64_t now_s)
{
    uint64_t end = lease->state == DHCP_LEASE_DECLINED ? lease->last_s : lease->ends_s;

    if (is_somebodys(lease))
        model->bindings[model->count++] = (struct store_binding){*lease, end < now_s ? end : now_s};
}

static void model_put(struct model *model, const struct dhcp_lease *lease)
{
    struct dhcp_lease *before = &model->leases[lease->addr - FIRST];

    if (before->began_s != lease->began_s || before->hlen != lease->hlen ||
        memcmp(before->chaddr, lease->chaddr, sizeof(lease->chaddr)) != 0)
        model_end(model, before, lease->last_s);
    *before = *lease;
}

static struct dhcp_lease draw_change(uint64_t *seed, const struct model *model, uint64_t now_s)
{
    unsigned which = draw_u32(seed) % ADDRESSES, client = draw_u32(seed) % CLIENTS;
    struct dhcp_lease next = model->leases[which];

    next.addr = FIRST + which;
    next.last_s = next.ends_s = now_s;
    if (next.state == DHCP_LEASE_BOUND && is_somebodys(&next) && next.ends_s >= now_s && draw_u32(seed) % 2) {
        if (draw_u32(seed) % 4 == 0) { /* it moves to another address */
            next.state = DHCP_LEASE_RELEASED;
            next.hlen = 0;
            memset(next.chaddr, 0, sizeof(next.chaddr));
            return next;
        }
        next.state = (uint8_t)(DHCP_LEASE_RELEASED + draw_u32(seed) % 2);
        next.ends_s += next.state == DHCP_LEASE_DECLINED ? 50 : 0;
        return next;
    }
    if (!is_somebodys(&next) || next.chaddr[0] != client)
        next.began_s = now_s;
    next.state = DHCP_LEASE_BOUND;
    next.hlen = 6;
    next.chaddr[0] = (uint8_t)client;
    next.ends_s = draw_u32(seed) % 10 ? now_s + draw_u32(seed) % 100 : DHCP_NEVER;
    return next;
}

struct expected {
    struct store_binding bindings[BINDINGS_MAX];
    unsigned count, at;
};

static struct expected expected;

static int compare_bindings(const void *one, const void *other)
{
    const struct store_binding *a = one, *b = other;

    if (a->lease.addr != b->lease.addr)
        return a->lease.addr < b->lease.addr ? -1 : 1;
    return a->lease.began_s < b->lease.began_s ? -1 : a->lease.began_s > b->lease.began_s;
}

static int expect_binding(void *arg, const struct store_binding *binding)
{
    (void)arg;
    assert_true(expected.at < expected.count);
    const struct store_binding *next = &expected.bindings[expected.at++];
    assert_int_equal(binding->lease.addr, next->lease.addr);
    assert_int_equal(binding->lease.state, next->lease.state);
    assert_memory_equal(binding->lease.chaddr, next->lease.chaddr, sizeof(next->lease.chaddr));
    assert_true(binding->lease.began_s == next->lease.began_s && binding->ended_s == next->ended_s);
    return expected.at % PAGE == 0;
}

/* The view for people and the reader's own statement are two texts, and must say the same. */
static void assert_view(unsigned count)
{
    sqlite3 *db;
    sqlite3_stmt *row;

    assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT address, state, hardware, began, ended FROM binding "
                                        "ORDER BY address, began",
                                        -1, &row, NULL),
                     SQLITE_OK);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        const struct store_binding *one = &expected.bindings[i];
        assert_int_equal(sqlite3_column_int64(row, 0), one->lease.addr);
        assert_int_equal(sqlite3_column_int(row, 1), one->lease.state);
        assert_memory_equal(sqlite3_column_blob(row, 2), one->lease.chaddr, one->lease.hlen);
        assert_int_equal(sqlite3_column_int64(row, 3), one->lease.began_s);
        if (one->ended_s == DHCP_NEVER)
            assert_int_equal(sqlite3_column_type(row, 4), SQLITE_NULL);
        else
            assert_int_equal(sqlite3_column_int64(row, 4), one->ended_s);
    }
    assert_int_equal(sqlite3_step(row), SQLITE_DONE);
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void assert_bindings(struct store_reader *reader, struct model *model, const struct store_question *question)
{
    unsigned past = model->count;

    for (unsigned i = 0; i < ADDRESSES; i++)
        model_end(model, &model->leases[i], DHCP_NEVER);
    expected.count = expected.at = 0;
    for (unsigned i = 0; i < model->count; i++) {
        const struct store_binding *one = &model->bindings[i];
        if (one->lease.addr >= question->first && one->lease.addr <= question->last &&
            one->lease.began_s <= question->to_s && one->ended_s > question->from_s)
            expected.bindings[expected.count++] = *one;
    }
    model->count = past;
    qsort(expected.bindings, expected.count, sizeof(*expected.bindings), compare_bindings);
    struct store_question page = *question;
    while (store_each_binding(reader, &page, expect_binding, NULL) == 1) {
        page.started = true;
        page.after = expected.bindings[expected.at - 1].lease.addr;
        page.after_s = expected.bindings[expected.at - 1].lease.began_s;
    }
    assert_int_equal(expected.at, expected.count);
    if (question->last == UINT32_MAX)
        assert_view(expected.count);
}

/* The same whether, and how far, changes have been moved, and after restarts in any state of that. */
static void who_had_an_address_is_known(void **state)
{
    static struct model model;
    struct store *store = scratch_open(scratch_path);
    struct store_reader *reader = open_reader();
    uint64_t seed = 11, now_s = 1000;

    (void)state;
    for (unsigned round = 0; round < 1500; round++) {
        now_s += 1 + draw_u32(&seed) % 20;
        struct dhcp_lease change = draw_change(&seed, &model, now_s);
        put(store, &change);
        model_put(&model, &change);
        if (draw_u32(&seed) % 8 == 0)
            assert_int_equal(store_fold(store, 1 + draw_u32(&seed) % 6), 0);
        if (draw_u32(&seed) % 50 == 0) {
            store_reader_close(reader);
            store_close(store);
            store = scratch_open(scratch_path);
            reader = open_reader();
        }
        if (round % 20 == 0) {
            assert_bindings(reader, &model, &(struct store_question)EVERYTHING);
            uint64_t at_s = 1000 + draw_u32(&seed) % (now_s - 990);
            assert_bindings(
                reader, &model,
                &(struct store_question){.first = FIRST + 1, .last = FIRST + 2, .from_s = at_s, .to_s = at_s});
        }
    }
    fold_all(store, 100);
    assert_bindings(reader, &model, &(struct store_question)EVERYTHING);
    store_reader_close(reader);
    store_close(store);
}

static int count_one(void *arg, const struct store_binding *binding)
{
    (void)binding;
    ++*(unsigned *)arg;
    return 0;
}

static void history_is_dropped_from_its_old_end(void **state)
{
    const struct store_question all = EVERYTHING;
    struct dhcp_lease lease = {.addr = FIRST, .state = DHCP_LEASE_BOUND, .htype = 1, .hlen = 6};
    struct store *store = scratch_open(scratch_path);
    struct store_reader *reader = open_reader();
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i <= 10; i++) {
        lease.chaddr[5] = (uint8_t)i;
        lease.began_s = lease.last_s = 100 + i;
        lease.ends_s = DHCP_NEVER;
        put(store, &lease);
    }
    fold_all(store, 1000);
    assert_int_equal(store_forget(store, 101, 100), 0);
    assert_int_equal(store_forget(store, 106, 3), 3);
    assert_int_equal(store_forget(store, 106, 3), 2);
    assert_int_equal(store_forget(store, 106, 3), 0);
    assert_int_equal(store_each_binding(reader, &all, count_one, &count), 0);
    assert_int_equal(count, 5 + 1);
    store_reader_close(reader);
    store_close(store);
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

static void sql(const char *text)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(scratch_path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* As version 1 of the tables was. */
static void what_an_earlier_version_left_is_taken_over(void **state)
{
    struct dhcp_lease lease = {
        .addr = FIRST, .state = 1, .htype = 1, .hlen = 6, .began_s = 5, .last_s = 6, .ends_s = 7};
    struct store_clock clock = {.offset_s = 9};

    (void)state;
    sql("CREATE TABLE lease(address INTEGER PRIMARY KEY, state INTEGER NOT NULL, htype INTEGER NOT NULL, "
        "hardware BLOB NOT NULL, by_mac INTEGER NOT NULL, client_id BLOB, host_name BLOB, relay_info BLOB, "
        "began INTEGER NOT NULL, last INTEGER NOT NULL, ends INTEGER);"
        "CREATE VIEW leases AS SELECT address FROM lease;"
        "INSERT INTO lease VALUES(4294967230, 1, 1, x'000000000000', 0, NULL, NULL, NULL, 5, 6, 7);"
        "PRAGMA application_id = 1180789106; PRAGMA user_version = 1; PRAGMA journal_mode = WAL");
    assert_int_equal(FIRST, 4294967230);
    struct store *store = scratch_open(scratch_path);
    assert_seen(store, &lease, 1);
    lease.last_s = 8;
    put(store, &lease);
    fold_all(store, 10);
    assert_seen(store, &lease, 1);
    assert_int_equal(store_get_clock(store, &clock), 0);
    assert_true(clock.boot[0] == 0 && clock.offset_s == 0 && clock.skew_s == 0);
    store_close(store);
}

/* Reservations, as they are told. */
static int note_reservation(void *arg, const struct store_reservation *reservation)
{
    struct store_reservation *all = arg;

    while (all->addr)
        all++;
    *all = *reservation;
    return 0;
}

static void put_reservation(struct store *store, uint32_t addr, uint8_t mac, uint64_t made_s)
{
    struct store_reservation reservation = {.addr = addr, .mac = {mac ? 2 : 0, 0, 0, 0, 0, mac}, .made_s = made_s};

    assert_int_equal(store_begin(store), 0);
    assert_int_equal(store_put_reservation(store, &reservation), 0);
    assert_int_equal(store_commit(store), 0);
}

/* In a database as version 2 made it, too: all that version 3 has is taken away. */
static void reservations_are_kept(void **state)
{
    struct store_reservation all[4] = {0};

    (void)state;
    store_close(scratch_open(scratch_path));
    sql("DROP VIEW reservations; DROP TABLE reservation; PRAGMA user_version = 2");
    struct store *store = scratch_open(scratch_path);
    put_reservation(store, FIRST + 1, 1, 100);
    put_reservation(store, FIRST, 2, 200);
    put_reservation(store, FIRST + 1, 3, 300);
    put_reservation(store, FIRST + 2, 4, 400);
    put_reservation(store, FIRST + 2, 0, 500);
    put_reservation(store, FIRST + 3, 0, 600);
    store_close(store);
    store = scratch_open(scratch_path);
    assert_int_equal(store_each_reservation(store, note_reservation, all), 0);
    assert_true(all[0].addr == FIRST && all[0].mac[5] == 2 && all[0].made_s == 200);
    assert_true(all[1].addr == FIRST + 1 && all[1].mac[5] == 3 && all[1].made_s == 300);
    assert_int_equal(all[2].addr, 0);
    store_close(store);
}

static void what_a_later_version_made_is_not_touched(void **state)
{
    struct store *store = NULL;
    const char *why = NULL;

    (void)state;
    store_close(scratch_open(scratch_path));
    sql("PRAGMA user_version = 4");
    assert_int_equal(store_open(scratch_path, &store, &why), -EPROTO);
    assert_string_equal(why, "its tables are of a later version");
}

static void the_clock_is_kept(void **state)
{
    struct store_clock clock = {.boot = "0b0e5a0e-1111-4222-8333-0123456789ab", .offset_s = -5, .skew_s = 1 << 30}, got;
    struct store *store = scratch_open(scratch_path);

    (void)state;
    assert_int_equal(store_put_clock(store, &clock), 0);
    store_close(store);
    store = scratch_open(scratch_path);
    assert_int_equal(store_get_clock(store, &got), 0);
    assert_string_equal(got.boot, clock.boot);
    assert_true(got.offset_s == clock.offset_s && got.skew_s == clock.skew_s);
    store_close(store);
}

static void one_has_it_at_a_time(void **state)
{
    struct store *store = scratch_open(scratch_path), *other = NULL;
    const char *why;

    (void)state;
    assert_int_equal(store_open(scratch_path, &other, &why), -EBUSY);
    store_close(store);
    store_close(scratch_open(scratch_path));
}

static int stop_at_once(void *arg, const struct dhcp_lease *lease)
{
    (void)arg;
    (void)lease;
    return -ECANCELED;
}

static void what_is_no_store_is_not_touched(void **state)
{
    struct store *store = NULL;
    struct dhcp_lease lease;
    const char *why = NULL;
    char text[20] = "";
    uint64_t seed = 4;

    (void)state;
    int fd = open(scratch_path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "not a database, really", 22), 22);
    assert_int_equal(store_open(scratch_path, &store, &why), -EUCLEAN);
    assert_non_null(why);
    assert_int_equal(pread(fd, text, 14, 0), 14);
    assert_string_equal(text, "not a database");
    assert_int_equal(ftruncate(fd, 0), 0); /* an empty file is as good as none */
    close(fd);
    store = scratch_open(scratch_path);
    lease = draw_lease(&seed, 7);
    put(store, &lease);
    assert_int_equal(store_each_lease(store, stop_at_once, NULL), -ECANCELED);
    store_close(store);
    assert_int_equal(store_open("/nowhere/at/all/x.db", &store, &why), -ENOENT);
    assert_int_equal(store_open(scratch_directory, &store, &why), -EISDIR);
    scratch_remove(scratch_directory); /* the lock beside it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCRATCH_CASE(what_is_committed_is_there_again),
        SCRATCH_CASE(what_is_rolled_back_was_never_there),
        SCRATCH_CASE(who_had_an_address_is_known),
        SCRATCH_CASE(history_is_dropped_from_its_old_end),
        SCRATCH_CASE(what_an_earlier_version_left_is_taken_over),
        SCRATCH_CASE(reservations_are_kept),
        SCRATCH_CASE(what_a_later_version_made_is_not_touched),
        SCRATCH_CASE(the_clock_is_kept),
        SCRATCH_CASE(one_has_it_at_a_time),
        SCRATCH_CASE(what_is_no_store_is_not_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
