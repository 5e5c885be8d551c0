#include "route/multipath.h"

#include "base/bytes.h"
#include "tests/unit.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

struct attribute {
    char bytes[8192];
    struct nlmsghdr *message;
    struct nlattr *nest;
};

static void begin_attribute(struct attribute *a)
{
    memset(a->bytes, 0, sizeof(a->bytes));
    a->message = mnl_nlmsg_put_header(a->bytes);
    a->nest = mnl_attr_nest_start(a->message, RTA_MULTIPATH);
}

static struct rtnexthop *add_way(struct attribute *a, uint32_t ifindex, uint32_t gateway, uint8_t weight)
{
    struct rtnexthop *hop = mnl_nlmsg_get_payload_tail(a->message);

    *hop = (struct rtnexthop){.rtnh_ifindex = (int)ifindex, .rtnh_hops = (uint8_t)(weight - 1)};
    a->message->nlmsg_len += sizeof(*hop);
    if (gateway)
        mnl_attr_put_u32(a->message, RTA_GATEWAY, cpu_to_be32(gateway));
    hop->rtnh_len = (uint16_t)((char *)mnl_nlmsg_get_payload_tail(a->message) - (char *)hop);
    return hop;
}

static uint32_t take(struct multipaths *all, struct attribute *a)
{
    mnl_attr_nest_end(a->message, a->nest);
    return multipaths_take(all, a->nest);
}

static struct multipaths *all;

static int begin(void **state)
{
    all = *state = calloc(1, sizeof(*all));
    return all ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    multipaths_clear(all);
    free(all);
    return 0;
}

static void the_same_ways_are_one_set(void **state)
{
    struct attribute a;
    uint32_t ids[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        begin_attribute(&a);
        add_way(&a, 3, IPV4(10, 0, 0, 1), 1);
        struct rtnexthop *hop = add_way(&a, i == 1 ? 5 : 4, IPV4(10, 0, 1, 1), i == 2 ? 9 : 2);
        hop->rtnh_flags = i == 3 ? RTNH_F_DEAD | RTNH_F_LINKDOWN : 0;
        ids[i] = take(all, &a);
        assert_int_not_equal(ids[i], 0);
    }
    assert_int_not_equal(ids[0], ids[1]); /* another interface */
    assert_int_not_equal(ids[0], ids[2]); /* another weight */
    assert_int_equal(ids[0], ids[3]);     /* what becomes of links is not part of it */
    assert_int_equal(ids[0], ids[4]);
    assert_int_equal(all->count, 3);
    const struct multipath *set = multipaths_find(all, ids[0]);
    assert_int_equal(set->count, 2);
    assert_int_equal(set->ways[0].gateway, IPV4(10, 0, 0, 1));
    assert_int_equal(set->ways[0].weight, 1);
    assert_int_equal(set->ways[1].ifindex, 4);
    assert_int_equal(set->ways[1].weight, 2);
    assert_null(multipaths_find(all, ids[0] + 1));
}

static void what_the_door_does_not_understand_is_told_apart(void **state)
{
    struct attribute a;
    uint32_t ids[2];

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        begin_attribute(&a);
        add_way(&a, 3, IPV4(10, 0, 0, 1), 1);
        struct rtnexthop *hop = add_way(&a, 4, 0, 1);
        mnl_attr_put_u32(a.message, RTA_ENCAP, i);
        hop->rtnh_len = (uint16_t)(hop->rtnh_len + 8);
        ids[i] = take(all, &a);
        assert_int_equal(multipaths_find(all, ids[i])->count, 0);
    }
    assert_int_not_equal(ids[0], ids[1]);
    begin_attribute(&a);
    for (unsigned i = 0; i <= MULTIPATH_WAYS_MAX; i++)
        add_way(&a, 3, IPV4(10, 0, 0, 1) + i, 1);
    assert_int_equal(multipaths_find(all, take(all, &a))->count, 0);
    begin_attribute(&a);
    for (unsigned i = 0; i < MULTIPATH_WAYS_MAX; i++)
        add_way(&a, 3, IPV4(10, 0, 0, 1) + i, 1);
    assert_int_equal(multipaths_find(all, take(all, &a))->count, MULTIPATH_WAYS_MAX);
}

static void nobody_hears(void *arg, struct ipv4_prefix prefix, const struct rib_entry *entry)
{
    (void)arg, (void)prefix, (void)entry;
}

/* Many sets, of which a few are in use: the others are forgotten, and numbers of those that stay mean what they meant.
 */
static void what_no_path_has_is_forgotten(void **state)
{
    struct rib *rib = rib_new(nobody_hears, NULL);
    uint32_t ids[20000];
    struct attribute a;

    (void)state;
    assert_non_null(rib);
    for (uint32_t i = 0; i < ARRAY_SIZE(ids); i++) {
        begin_attribute(&a);
        add_way(&a, 3, IPV4(10, 0, 0, 1) + i, 1);
        ids[i] = take(all, &a);
        const struct rib_path path = {.source = RIB_SOURCE_KERNEL, .flags = RIB_MULTIPATH, .distinct = ids[i]};
        if (i % 100 == 0)
            assert_int_equal(rib_put(rib, (struct ipv4_prefix){.addr = i << 8, .len = 24}, &path, RIB_FIRST), 0);
    }
    multipaths_sweep(all, rib);
    assert_int_equal(all->count, ARRAY_SIZE(ids) / 100);
    for (uint32_t i = 0; i < ARRAY_SIZE(ids); i += 100)
        assert_int_equal(multipaths_find(all, ids[i])->ways[0].gateway, IPV4(10, 0, 0, 1) + i);
    multipaths_sweep(all, rib); /* not worth while now */
    assert_int_equal(all->count, ARRAY_SIZE(ids) / 100);
    rib_free(rib);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(the_same_ways_are_one_set),
        CASE(what_the_door_does_not_understand_is_told_apart),
        CASE(what_no_path_has_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
