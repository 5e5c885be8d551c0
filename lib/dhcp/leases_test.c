#include "dhcp/leases.h"
#include "dhcp/offers.h"
#include "dhcp/pool.h"
#include "tests/draw.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static const uint8_t key[DHCP_KEY_SIZE] = "0123456789abcdef0123456789abcde";

#define MANY  700 /* addresses */
#define WHO   90  /* clients */
#define FIRST 0x0a00007f

/* A lease of one of the clients; client 0 is nobody. */
static struct dhcp_lease make(uint64_t *seed, uint32_t addr)
{
    struct dhcp_lease lease = {.addr = addr,
                               .state = (uint8_t)(1 + draw_u32(seed) % 3),
                               .began_s = draw_u32(seed),
                               .last_s = draw_u32(seed),
                               .ends_s = draw_u32(seed) % 10 ? draw_u32(seed) % 1000 : DHCP_NEVER};
    uint8_t who = (uint8_t)(draw_u32(seed) % WHO);

    if (!who)
        return lease;
    lease.htype = 1;
    lease.hlen = 6;
    lease.chaddr[5] = who;
    if (who % 3 == 0) {
        lease.client_id.len = 2;
        lease.client_id.bytes[1] = who;
    }
    lease.host_name.len = (uint8_t)(draw_u32(seed) % 2 * 255);
    memset(lease.host_name.bytes, who, lease.host_name.len);
    lease.relay_info.len = (uint8_t)(draw_u32(seed) % 20);
    return lease;
}

static void assert_lease(const struct dhcp_lease *a, const struct dhcp_lease *b)
{
    assert_int_equal(a->addr, b->addr);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->hlen, b->hlen);
    assert_memory_equal(a->chaddr, b->chaddr, sizeof(a->chaddr));
    assert_true(a->began_s == b->began_s && a->last_s == b->last_s && a->ends_s == b->ends_s);
    assert_int_equal(a->client_id.len, b->client_id.len);
    assert_memory_equal(a->client_id.bytes, b->client_id.bytes, b->client_id.len);
    assert_int_equal(a->host_name.len, b->host_name.len);
    assert_memory_equal(a->host_name.bytes, b->host_name.bytes, b->host_name.len);
    assert_int_equal(a->relay_info.len, b->relay_info.len);
}

static bool same_client(const struct dhcp_lease *a, const struct dhcp_lease *b)
{
    return a->client_id.len ? b->client_id.len && a->client_id.bytes[1] == b->client_id.bytes[1]
                            : !b->client_id.len && a->chaddr[5] == b->chaddr[5];
}

/* Against the plain array. */
static void check_every_way(uint32_t reserved)
{
    static struct dhcp_lease plain[MANY];
    static bool there[MANY], reported[MANY];
    struct dhcp_leases *leases = dhcp_leases_new(key);
    struct dhcp_lease found;
    struct dhcp_lease_summary summary;
    uint64_t seed = 7, now = 0;

    assert_non_null(leases);
    assert_int_equal(dhcp_leases_reserve(leases, reserved), 0);
    memset(there, 0, sizeof(there));
    memset(reported, 0, sizeof(reported));
    for (unsigned round = 0; round < 30000; round++) {
        uint32_t at = draw_u32(&seed) % MANY, count = 0, cursor = 0, addr;
        if (draw_u32(&seed) % 4) {
            plain[at] = make(&seed, FIRST + at);
            there[at] = true;
            reported[at] = false;
            assert_int_equal(dhcp_leases_put(leases, &plain[at]), 0);
        } else {
            dhcp_leases_remove(leases, FIRST + at);
            there[at] = false;
        }
        at = draw_u32(&seed) % MANY;
        assert_int_equal(dhcp_leases_get(leases, FIRST + at, &found), there[at]);
        if (there[at])
            assert_lease(&found, &plain[at]);
        if (round % 16)
            continue;
        /* All of a client's. */
        if (there[at] && plain[at].hlen) {
            uint32_t expected = 0;
            for (uint32_t i = 0; i < MANY; i++)
                expected += there[i] && plain[i].hlen && same_client(&plain[at], &plain[i]);
            assert_true(dhcp_leases_find(leases, FIRST + at, &summary));
            struct dhcp_identity identity = summary.identity;
            while (dhcp_leases_of(leases, &identity, &cursor, &summary)) {
                assert_true(same_client(&plain[at], &plain[summary.addr - FIRST]));
                count++;
            }
            assert_int_equal(count, expected);
        }
        /* In order. */
        uint32_t from = FIRST + draw_u32(&seed) % MANY, next = from;
        while (next < FIRST + MANY && !there[next - FIRST])
            next++;
        assert_int_equal(dhcp_leases_next(leases, from, &addr), next < FIRST + MANY);
        if (next < FIRST + MANY)
            assert_int_equal(addr, next);
        /* Those that end, each once, the first first. */
        now = (now + draw_u32(&seed) % 20) % 1000;
        uint64_t last = 0;
        while (dhcp_leases_end(leases, now, &addr)) {
            assert_true(there[addr - FIRST] && !reported[addr - FIRST]);
            assert_true(plain[addr - FIRST].ends_s <= now && plain[addr - FIRST].ends_s >= last);
            last = plain[addr - FIRST].ends_s;
            reported[addr - FIRST] = true;
        }
        for (uint32_t i = 0; i < MANY; i++)
            assert_false(there[i] && !reported[i] && plain[i].ends_s <= now);
    }
    uint32_t cursor = 0, count = 0;
    while (dhcp_leases_each(leases, &cursor, &summary))
        count++;
    assert_int_equal(count, dhcp_leases_count(leases));
    dhcp_leases_free(leases);
}

static void leases_are_found_in_every_way(void **state)
{
    (void)state;
    check_every_way(0);
    check_every_way(MANY / 5);
}

/* Against the plain array and its order. */
static void pools_give_fresh_ones_then_the_oldest(void **state)
{
    enum { SIZE = 130 };
    struct dhcp_pool pool;
    enum dhcp_pool_state states[SIZE] = {DHCP_POOL_FRESH};
    uint64_t since[SIZE] = {0}, seed = 3;
    uint32_t addr;

    (void)state;
    assert_int_equal(dhcp_pool_open(&pool, FIRST, FIRST + SIZE - 1), 0);
    for (uint64_t round = 1; round < 20000; round++) {
        uint32_t at = draw_u32(&seed) % SIZE, hint = draw_u32(&seed), counts[DHCP_POOL_STATE_COUNT] = {0};
        enum dhcp_pool_state to = (enum dhcp_pool_state)(draw_u32(&seed) % DHCP_POOL_STATE_COUNT);
        if (to == DHCP_POOL_FRESH && draw_u32(&seed) % 8)
            to = DHCP_POOL_USED;
        if (to == DHCP_POOL_USED && states[at] != DHCP_POOL_USED)
            since[at] = round;
        states[at] = to;
        dhcp_pool_set(&pool, FIRST + at, to);
        for (uint32_t i = 0; i < SIZE; i++)
            counts[states[i]]++;
        assert_memory_equal(counts, pool.counts, sizeof(counts));
        bool picked = dhcp_pool_pick(&pool, hint, &addr);
        assert_int_equal(picked, counts[DHCP_POOL_FRESH] + counts[DHCP_POOL_USED] > 0);
        if (!picked)
            continue;
        if (counts[DHCP_POOL_FRESH]) {
            uint32_t expected = hint % SIZE;
            while (states[expected % SIZE] != DHCP_POOL_FRESH)
                expected++;
            assert_int_equal(addr, FIRST + expected % SIZE);
        } else {
            for (uint32_t i = 0; i < SIZE; i++)
                assert_false(states[i] == DHCP_POOL_USED && since[i] < since[addr - FIRST]);
            assert_int_equal(states[addr - FIRST], DHCP_POOL_USED);
        }
    }
    dhcp_pool_close(&pool);
    assert_int_equal(dhcp_pool_open(&pool, 0, DHCP_POOL_MAX), -E2BIG);
    assert_int_equal(dhcp_pool_open(&pool, UINT32_MAX, UINT32_MAX), 0);
    assert_true(dhcp_pool_pick(&pool, 99, &addr));
    assert_int_equal(addr, UINT32_MAX);
    dhcp_pool_close(&pool);
}

static bool is_of_network(const void *arg, const struct dhcp_offer *offer)
{
    return offer->network == *(const uint32_t *)arg;
}

static void offers_come_and_go_in_order(void **state)
{
    enum { SIZE = 300 };
    struct dhcp_offers *offers = dhcp_offers_new(SIZE);
    struct dhcp_offer plain[SIZE];
    uint64_t since[SIZE] = {0}, seed = 11;
    uint32_t count = 0;

    (void)state;
    for (uint64_t round = 1; round < 20000; round++) {
        uint32_t at = draw_u32(&seed) % SIZE, network = 1 + at % 3;
        if (since[at]) {
            dhcp_offers_remove(offers, FIRST + at);
            since[at] = 0;
            count--;
        } else {
            plain[at] = (struct dhcp_offer){{{at / 3, 1}}, FIRST + at, network, round};
            dhcp_offers_add(offers, &plain[at]);
            since[at] = round;
            count++;
        }
        at = draw_u32(&seed) % SIZE;
        const struct dhcp_offer *by_addr = dhcp_offers_at(offers, FIRST + at);
        const struct dhcp_offer *by_client = dhcp_offers_of(offers, &(struct dhcp_identity){{at / 3, 1}}, 1 + at % 3);
        assert_int_equal(by_addr != NULL, since[at] != 0);
        assert_ptr_equal(by_addr, by_client);
        assert_int_equal(dhcp_offers_count(offers), count);
        for (uint32_t of = 0; of < 4; of++) {
            const struct dhcp_offer *oldest =
                of ? dhcp_offers_search(offers, is_of_network, &of) : dhcp_offers_oldest(offers);
            uint64_t expected = 0;
            for (uint32_t i = 0; i < SIZE; i++)
                if (since[i] && (!of || 1 + i % 3 == of) && (!expected || since[i] < expected))
                    expected = since[i];
            assert_int_equal(oldest ? oldest->ends_s : 0, expected);
        }
    }
    dhcp_offers_free(offers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_are_found_in_every_way),
        cmocka_unit_test(pools_give_fresh_ones_then_the_oldest),
        cmocka_unit_test(offers_come_and_go_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
