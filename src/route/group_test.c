#include "route/group.h"

#include "base/random.h"
#include "tests/unit.h"

#include <string.h>

#define MANY 16

static void make(struct group_member *members, bool *usable, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        members[i] = (struct group_member){
            .number = (uint16_t)(i + 1), .weight = 1, .key = (i + 1) * UINT64_C(0x9e3779b97f4a7c15)};
        usable[i] = true;
    }
}

static unsigned share(const uint16_t *buckets, uint16_t number)
{
    unsigned count = 0;

    for (unsigned i = 0; i < DOOR_BUCKETS; i++)
        count += buckets[i] == number;
    return count;
}

static void each_has_what_its_weight_says(void **state)
{
    struct group_member members[MANY];
    uint16_t buckets[DOOR_BUCKETS] = {0};
    bool usable[MANY];

    (void)state;
    for (unsigned count = 1; count <= MANY; count++) {
        make(members, usable, count);
        unsigned weights = count;
        if (count > 1) {
            members[0].weight = 3;
            weights += 2;
        }
        group_fill(buckets, members, usable, count);
        for (unsigned i = 0; i < count; i++) {
            double fair = (double)DOOR_BUCKETS * members[i].weight / weights;
            /* Drawn by hashes: within four standard deviations of a binomial distribution. */
            double off = share(buckets, members[i].number) - fair;
            assert_true(off * off <= 16 * fair * (1 - fair / DOOR_BUCKETS) + 1);
        }
    }
}

/* Whoever has lost a bucket was the one that was lost. */
static void a_lost_member_moves_only_its_own(void **state)
{
    struct group_member members[MANY];
    uint16_t before[DOOR_BUCKETS] = {0}, after[DOOR_BUCKETS];
    bool usable[MANY];

    (void)state;
    make(members, usable, MANY);
    members[3].weight = 200;
    group_fill(before, members, usable, MANY);
    for (unsigned lost = 0; lost < MANY; lost++) {
        memcpy(after, before, sizeof(after));
        usable[lost] = false;
        group_fill(after, members, usable, MANY);
        for (unsigned i = 0; i < DOOR_BUCKETS; i++)
            assert_true(before[i] == members[lost].number ? after[i] != before[i] : after[i] == before[i]);
        usable[lost] = true;
        group_fill(after, members, usable, MANY);
        assert_memory_equal(after, before, sizeof(after));
    }
}

static void order_and_number_of_members_are_nothing_to_it(void **state)
{
    struct group_member members[MANY], turned[MANY];
    uint16_t before[DOOR_BUCKETS] = {0}, after[DOOR_BUCKETS] = {0};
    bool usable[MANY];

    (void)state;
    make(members, usable, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        turned[i] = members[MANY - 1 - i];
        turned[i].number = (uint16_t)(turned[i].number + 100);
    }
    group_fill(before, members, usable, MANY);
    group_fill(after, turned, usable, MANY);
    for (unsigned i = 0; i < DOOR_BUCKETS; i++)
        assert_int_equal(after[i], before[i] + 100);
    /* One member less is the same as one that cannot be used. */
    group_fill(after, turned, usable, MANY - 1);
    usable[0] = false;
    group_fill(before, members, usable, MANY);
    for (unsigned i = 0; i < DOOR_BUCKETS; i++)
        assert_int_equal(after[i], before[i] + 100);
}

static void when_none_is_usable_each_keeps_its_own(void **state)
{
    struct group_member members[MANY];
    uint16_t before[DOOR_BUCKETS] = {0}, after[DOOR_BUCKETS] = {0};
    bool usable[MANY];

    (void)state;
    make(members, usable, MANY);
    group_fill(before, members, usable, MANY);
    memset(usable, 0, sizeof(usable));
    group_fill(after, members, usable, MANY);
    assert_memory_equal(after, before, sizeof(after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_what_its_weight_says),
        cmocka_unit_test(a_lost_member_moves_only_its_own),
        cmocka_unit_test(order_and_number_of_members_are_nothing_to_it),
        cmocka_unit_test(when_none_is_usable_each_keeps_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
