#include "rib/rib.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

/* What the owner was last told. */
struct heard {
    unsigned times;
    struct ipv4_prefix prefix;
    uint32_t best_gateway; /* 0: no path left */
};

static void changed(void *arg, struct ipv4_prefix prefix, const struct rib_entry *entry)
{
    struct heard *heard = arg;

    heard->times++;
    heard->prefix = prefix;
    heard->best_gateway = entry ? entry->paths[0].gateway : 0;
}

static const struct ipv4_prefix net10 = {.addr = IPV4(10, 0, 0, 0), .len = 8};
static const struct ipv4_prefix net10_1 = {.addr = IPV4(10, 1, 0, 0), .len = 16};

static struct rib_path via(uint32_t gateway, uint32_t metric)
{
    return (struct rib_path){.source = RIB_SOURCE_KERNEL,
                             .type = RIB_UNICAST,
                             .gateway = gateway,
                             .metric = metric,
                             .ifindex = 2,
                             .preference = 10};
}

static void assert_order(const struct rib *rib, struct ipv4_prefix prefix, const uint32_t *gateways, unsigned count)
{
    const struct rib_entry *entry = rib_get(rib, prefix);

    assert_non_null(entry);
    assert_int_equal(entry->count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(entry->paths[i].gateway, gateways[i]);
}

static void the_best_leads_and_the_next_takes_its_place(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct rib *rib = rib_new(changed, &heard);
    struct rib_path slow = via(1, 100), fast = via(2, 10), local = {.source = RIB_SOURCE_LOCAL, .gateway = 3};

    assert_int_equal(rib_put(rib, net10, &slow, RIB_LAST), 0);
    assert_int_equal(heard.best_gateway, 1);
    assert_int_equal(rib_put(rib, net10, &fast, RIB_LAST), 0);
    assert_int_equal(heard.best_gateway, 2);
    local.metric = 4000; /* a better source wins whatever the metric */
    assert_int_equal(rib_put(rib, net10, &local, RIB_LAST), 0);
    assert_int_equal(heard.best_gateway, 3);
    assert_order(rib, net10, (uint32_t[]){3, 2, 1}, 3);

    assert_int_equal(rib_withdraw(rib, net10, &local), 0);
    assert_int_equal(rib_withdraw(rib, net10, &fast), 0);
    assert_int_equal(heard.best_gateway, 1);
    assert_int_equal(rib_withdraw(rib, net10, &fast), -ENOENT);
    assert_int_equal(rib_withdraw(rib, net10, &slow), 0);
    assert_int_equal(heard.best_gateway, 0);
    assert_int_equal(heard.times, 6);
    assert_null(rib_get(rib, net10));
    rib_free(rib);
}

static void equal_rank_stands_as_it_was_put(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct rib *rib = rib_new(changed, &heard);
    struct rib_path a = via(1, 5), b = via(2, 5), c = via(3, 5), d = via(4, 5), other = via(9, 7);

    rib_put(rib, net10, &other, RIB_LAST);
    rib_put(rib, net10, &a, RIB_LAST);
    rib_put(rib, net10, &b, RIB_LAST);
    rib_put(rib, net10, &c, RIB_FIRST);
    assert_order(rib, net10, (uint32_t[]){3, 1, 2, 9}, 4);
    rib_put(rib, net10, &d, RIB_REPLACE);
    assert_order(rib, net10, (uint32_t[]){4, 1, 2, 9}, 4);
    unsigned times = heard.times;
    rib_put(rib, net10, &b, RIB_FIRST); /* there already */
    rib_put(rib, net10, &b, RIB_REPLACE);
    assert_int_equal(heard.times, times);
    assert_order(rib, net10, (uint32_t[]){4, 1, 2, 9}, 4);
    struct rib_path tos = via(8, 900);
    tos.tos = 0x10;
    rib_put(rib, net10, &tos, RIB_REPLACE); /* nothing of its rank to replace */
    assert_order(rib, net10, (uint32_t[]){8, 4, 1, 2, 9}, 5);
    rib_free(rib);
}

static void a_round_withdraws_what_was_not_named(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct rib *rib = rib_new(changed, &heard);
    struct rib_path a = via(1, 5), b = via(2, 6), local = {.source = RIB_SOURCE_LOCAL, .gateway = 3};
    struct ipv4_prefix gone = {.addr = IPV4(172, 16, 0, 0), .len = 12};

    rib_put(rib, net10, &a, RIB_LAST);
    rib_put(rib, net10_1, &a, RIB_LAST);
    rib_put(rib, net10_1, &local, RIB_LAST);
    rib_put(rib, gone, &a, RIB_LAST);
    unsigned times = heard.times;

    rib_round_begin(rib, RIB_SOURCE_KERNEL);
    assert_int_equal(rib_round_set(rib, RIB_SOURCE_KERNEL, net10, &a, 1), 0);
    assert_int_equal(heard.times, times); /* the same as before: nobody is disturbed */
    assert_int_equal(rib_round_set(rib, RIB_SOURCE_KERNEL, net10, (struct rib_path[]){b, a}, 2), 0);
    assert_order(rib, net10, (uint32_t[]){1, 2}, 2);
    rib_round_end(rib, RIB_SOURCE_KERNEL);
    assert_null(rib_get(rib, gone));
    assert_order(rib, net10_1, (uint32_t[]){3}, 1); /* what another source says stays */
    rib_free(rib);
}

static void a_path_that_came_during_a_round_stays(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct rib *rib = rib_new(changed, &heard);
    struct rib_path a = via(1, 5);

    rib_round_begin(rib, RIB_SOURCE_KERNEL);
    rib_put(rib, net10, &a, RIB_LAST);
    rib_round_end(rib, RIB_SOURCE_KERNEL);
    assert_order(rib, net10, (uint32_t[]){1}, 1);
    rib_free(rib);
}

static void cover_finds_the_longest(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct rib *rib = rib_new(changed, &heard);
    struct rib_path a = via(1, 5), b = via(2, 5);
    struct ipv4_prefix found;

    rib_put(rib, net10, &a, RIB_LAST);
    rib_put(rib, net10_1, &b, RIB_LAST);
    assert_int_equal(rib_cover(rib, IPV4(10, 1, 2, 3), 32, &found)->paths[0].gateway, 2);
    assert_int_equal(found.len, 16);
    assert_int_equal(rib_cover(rib, IPV4(10, 1, 2, 3), 15, &found)->paths[0].gateway, 1);
    assert_int_equal(found.len, 8);
    assert_null(rib_cover(rib, IPV4(11, 1, 2, 3), 32, NULL));
    rib_free(rib);
}

static void preference_comes_before_everything_else(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct rib *rib = rib_new(changed, &heard);
    struct rib_path kernel = via(1, 0), fixed = via(2, 100), floating = via(3, 0);

    fixed.source = floating.source = RIB_SOURCE_STATIC;
    fixed.preference = 5;
    floating.preference = 200;
    assert_int_equal(rib_put(rib, net10, &floating, RIB_LAST), 0);
    assert_int_equal(rib_put(rib, net10, &kernel, RIB_FIRST), 0);
    assert_int_equal(rib_put(rib, net10, &fixed, RIB_LAST), 0);
    assert_order(rib, net10, (uint32_t[]){2, 1, 3}, 3);
    /* The kernel tells its routes anew: only its own move. */
    rib_round_begin(rib, RIB_SOURCE_KERNEL);
    rib_round_end(rib, RIB_SOURCE_KERNEL);
    assert_order(rib, net10, (uint32_t[]){2, 3}, 2);
    assert_int_equal(rib_withdraw(rib, net10, &fixed), 0);
    assert_int_equal(heard.best_gateway, 3);
    assert_string_equal(rib_source_name(RIB_SOURCE_STATIC), "static");
    assert_string_equal(rib_source_name(99), "unknown");
    assert_string_equal(rib_type_name(RIB_PROHIBIT), "prohibit");
    rib_free(rib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_leads_and_the_next_takes_its_place),
        cmocka_unit_test(preference_comes_before_everything_else),
        cmocka_unit_test(equal_rank_stands_as_it_was_put),
        cmocka_unit_test(a_round_withdraws_what_was_not_named),
        cmocka_unit_test(a_path_that_came_during_a_round_stays),
        cmocka_unit_test(cover_finds_the_longest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
