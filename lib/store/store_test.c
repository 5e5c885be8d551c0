#include "store/store.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[64], path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "%s/store-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/a.db", directory);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"", "-wal", "-shm", ".lock"};
    char file[128];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(file, sizeof(file), "%s%s", path, names[i]);
        unlink(file);
    }
    return rmdir(directory);
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    const char *why;

    if (store_open(path, &store, &why))
        fail_msg("%s", why);
    return store;
}

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

#define MANY 50

struct seen {
    struct dhcp_lease all[MANY];
    unsigned count;
};

static int see(void *arg, const struct dhcp_lease *lease)
{
    struct seen *seen = arg;

    assert_true(seen->count < MANY);
    seen->all[seen->count++] = *lease;
    return 0;
}

static void assert_bytes(const struct dhcp_bytes *a, const struct dhcp_bytes *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->bytes, b->bytes, a->len);
}

static void assert_seen(struct store *store, const struct dhcp_lease *leases, unsigned count)
{
    static struct seen seen;

    seen.count = 0;
    assert_int_equal(store_each_lease(store, see, &seen), 0);
    assert_int_equal(seen.count, count);
    for (unsigned i = 0; i < count; i++) {
        const struct dhcp_lease *a = &seen.all[i], *b = &leases[i];
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
}

static void what_is_committed_is_there_again(void **state)
{
    static struct dhcp_lease leases[MANY];
    struct store *store = open_store();
    uint64_t seed = 3;

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        assert_int_equal(store_begin(store), 0);
        for (uint32_t i = 0; i < MANY; i++) {
            if (round && draw_u32(&seed) % 2)
                continue;
            leases[i] = draw_lease(&seed, 0xfffffff0 - MANY + i);
            assert_int_equal(store_put_lease(store, &leases[i]), 0);
        }
        assert_int_equal(store_commit(store), 0);
        assert_seen(store, leases, MANY);
        if (round % 3 == 0) {
            store_close(store);
            store = open_store();
            assert_seen(store, leases, MANY);
        }
    }
    store_close(store);
}

static void what_is_rolled_back_was_never_there(void **state)
{
    struct dhcp_lease leases[2];
    struct store *store = open_store();
    uint64_t seed = 4;

    (void)state;
    leases[0] = draw_lease(&seed, 5);
    assert_int_equal(store_begin(store), 0);
    assert_int_equal(store_put_lease(store, &leases[0]), 0);
    assert_int_equal(store_commit(store), 0);
    assert_int_equal(store_begin(store), 0);
    leases[1] = draw_lease(&seed, 5);
    assert_int_equal(store_put_lease(store, &leases[1]), 0);
    leases[1].addr = 6;
    assert_int_equal(store_put_lease(store, &leases[1]), 0);
    store_rollback(store);
    store_rollback(store);
    assert_seen(store, leases, 1);
    store_close(store);
}

static void one_has_it_at_a_time(void **state)
{
    struct store *store = open_store(), *other = NULL;
    const char *why;

    (void)state;
    assert_int_equal(store_open(path, &other, &why), -EBUSY);
    store_close(store);
    store_close(open_store());
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
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, "not a database, really", 22), 22);
    assert_int_equal(store_open(path, &store, &why), -EUCLEAN);
    assert_non_null(why);
    assert_int_equal(pread(fd, text, 14, 0), 14);
    assert_string_equal(text, "not a database");
    assert_int_equal(ftruncate(fd, 0), 0); /* an empty file is as good as none */
    close(fd);
    store = open_store();
    lease = draw_lease(&seed, 7);
    assert_int_equal(store_begin(store), 0);
    assert_int_equal(store_put_lease(store, &lease), 0);
    assert_int_equal(store_commit(store), 0);
    assert_int_equal(store_each_lease(store, stop_at_once, NULL), -ECANCELED);
    store_close(store);
    assert_int_equal(store_open("/nowhere/at/all/x.db", &store, &why), -ENOENT);
    assert_int_equal(store_open(directory, &store, &why), -EISDIR);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_committed_is_there_again),
        CASE(what_is_rolled_back_was_never_there),
        CASE(one_has_it_at_a_time),
        CASE(what_is_no_store_is_not_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
